"""An order, as AppDirect's billing API v1 shows it: by itself, and within its subscription."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from reseller_webhooks.core.resources.payment_plan import Contract, PaymentPlan
from reseller_webhooks.core.resources.shape import (
    Currency,
    CustomAttribute,
    Expected,
    Frequency,
    Id,
    Json,
    LeftOut,
    Link,
    Millis,
    Number,
    Pointer,
    RecordShape,
    Shape,
)

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


class OrderLine(Shape):
    """One position of an order: an item, a tax, a discount."""

    id: Id | None = None
    edition_pricing_item_id: Id | None = None
    type: str | None = None
    unit: str | None = None
    quantity: Number | None = None
    price: Number | None = None
    percentage: Number | None = None
    listing_price: Number | None = None
    total_price: Number | None = None
    application_name: str | None = None
    edition_name: str | None = None
    description: str | None = None


class OrderWithin(Shape):
    """An order where it is part of something else; nothing is required of it."""

    start_date: Millis | None = None
    end_date: Millis | None = None
    service_start_date: Day | None = None
    next_billing_date: Millis | None = None
    end_of_discount_date: Millis | None = None
    status: OrderStatus | None = None
    frequency: Frequency | None = None
    currency: Currency | None = None
    type: OrderType | None = None
    total_price: Number | None = None
    user: Pointer | None = None
    sales_support_user: Pointer | None = None
    sales_support_company: Pointer | None = None
    company: Pointer | None = None
    reference_code: str | None = None
    payment_plan: PaymentPlan | None = None
    contract: Contract | None = None
    previous_order: Pointer | None = None
    next_order: Pointer | None = None
    discount: Json = None
    payment_plan_id: Id | None = None
    discount_id: Id | None = None
    activated: bool | None = None
    one_time_orders: list["OneTimeOrder"] | None = Field(default_factory=list)
    order_lines: list[OrderLine] | None = Field(default_factory=list)
    parameters: list[Json] | None = Field(default_factory=list)
    custom_attributes: list[CustomAttribute] | None = Field(default_factory=list)
    parent_subscription_id: LeftOut[Id] = None
    links: list[Link] | None = Field(default_factory=list)
    id: Id | None = None


class OneTimeOrder(OrderWithin):
    """A single fee that came with an order; it only points to its payment plan."""

    payment_plan: Json = None


class Order(RecordShape, OrderWithin):
    """An order: it creates, alters or ends a subscription."""

    identity: ClassVar = ("id",)

    status: OrderStatus
    id: int
