"""An order, as AppDirect's billing API v1 shows it: alone, and within its subscription."""

from typing import Annotated, Any, Literal, Required

from pydantic import with_config
from typing_extensions import TypedDict

from reseller_webhooks.core.records.base_models import (
    SHAPE,
    Currency,
    CustomAttribute,
    Expected,
    Frequency,
    Id,
    Json,
    Link,
    Millis,
    Number,
    Pointer,
    RecordShape,
)
from reseller_webhooks.core.records.payment_plan import Contract, PaymentPlan

OrderStatus = Literal[
    "INITIALIZED",
    "PENDING_USER_APPROVAL",
    "PENDING_REMOTE_CREATION",
    "PENDING_MANUAL_RECOVERY",
    "PENDING_ASYNCHRONOUS_CREATION",
    "FREE_TRIAL",
    "ACTIVE",
    "FINISHED",
    "ONE_TIME",
    "CANCELLED",
    "SUSPENDED",
    "FREE_TRIAL_EXPIRED",
    "FREE_TRIAL_CANCELLED",
    "DELETED",
    "FAILED",
    "UPCOMING",
    "PENDING_MIGRATION_ACTIVATION",
    "PENDING_DELAYED_PROVISIONING",
]
OrderType = Literal[
    "NEW",
    "MIGRATION",
    "ADOPTION",
    "FREE_TRIAL_ACTIVATION",
    "TERMINATION_FEE",
    "END_OF_CONTRACT_MIGRATION",
    "REFUND",
    "CREDIT",
    "ONE_TIME_FEE",
    "ADDITIONAL_FEE",
    "END_OF_DISCOUNT_MIGRATION",
    "METERED_USAGE",
]
# AppDirect sends 2018-03-13 and documents a number.
Day = Annotated[str | int, Expected("a date such as 2018-03-13, or milliseconds since 1970")]

OneTimeOrder = dict[str, Any]
"""A fee that came with an order: the same fields, but a pointer for a payment plan."""


class OrderLine(TypedDict, total=False):
    """One position of an order: an item, a tax, a discount."""

    id: Id | None
    editionPricingItemId: Id | None
    type: str | None
    unit: str | None
    quantity: Number | None
    price: Number | None
    percentage: Number | None
    listingPrice: Number | None
    totalPrice: Number | None
    applicationName: str | None
    editionName: str | None
    description: str | None


@with_config(SHAPE)
class Order(TypedDict, total=False):
    """An order: it creates, alters or ends a subscription."""

    startDate: Millis | None
    endDate: Millis | None
    serviceStartDate: Day | None
    nextBillingDate: Millis | None
    endOfDiscountDate: Millis | None
    status: Required[OrderStatus]
    frequency: Frequency | None
    currency: Currency | None
    type: OrderType | None
    totalPrice: Number | None
    user: Pointer | None
    salesSupportUser: Pointer | None
    salesSupportCompany: Pointer | None
    company: Pointer | None
    referenceCode: str | None
    paymentPlan: PaymentPlan | None
    contract: Contract | None
    previousOrder: Pointer | None
    nextOrder: Pointer | None
    discount: Json
    paymentPlanId: Id | None
    discountId: Id | None
    activated: bool | None
    oneTimeOrders: list[OneTimeOrder] | None
    orderLines: list[OrderLine] | None
    parameters: list[Json] | None
    customAttributes: list[CustomAttribute] | None
    parentSubscriptionId: Id | None
    links: list[Link] | None
    id: Id | None


ORDER = RecordShape(
    Order,
    identity=("id",),
    left_out=frozenset({"parentSubscriptionId"}),
    defaults={
        "oneTimeOrders": [],
        "orderLines": [],
        "parameters": [],
        "customAttributes": [],
        "links": [],
    },
)
