"""A subscription, as AppDirect's billing API v1 shows it."""

from typing import Literal, Required

from pydantic import with_config
from typing_extensions import TypedDict

from reseller_webhooks.core.records.base_models import SHAPE, Id, Json, Millis, Pointer, RecordShape
from reseller_webhooks.core.records.order import Order

SubscriptionStatus = Literal[
    "INITIALIZED",
    "FAILED",
    "FREE_TRIAL",
    "FREE_TRIAL_EXPIRED",
    "ACTIVE",
    "SUSPENDED",
    "CANCELLED",
]


@with_config(SHAPE)
class Subscription(TypedDict, total=False):
    """A company's purchase, with the order that has its terms."""

    id: str
    parentSubscriptionId: Id | None
    creationDate: Millis | None
    endDate: Millis | None
    externalAccountId: str | None
    status: Required[SubscriptionStatus]
    maxUsers: int | None
    assignedUsers: int | None
    order: Order | None
    upcomingOrder: Json
    user: Pointer | None
    company: Pointer | None
    product: Pointer | None
    edition: Pointer | None
    redirectUrl: str | None
    internalId: str
    externalId: str | None
    label: str | None
    bundleApplicationId: Id | None


SUBSCRIPTION = RecordShape(
    Subscription,
    identity=("id", "internalId"),
    left_out=frozenset({"externalId", "label", "bundleApplicationId"}),
)
