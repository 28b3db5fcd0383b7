"""A subscription, as AppDirect's billing API v1 shows it."""

from typing import ClassVar, Literal

from reseller_webhooks.core.resources.order import OrderWithin
from reseller_webhooks.core.resources.shape import Id, LeftOut, Millis, Pointer, RecordShape

SubscriptionStatus = Literal[
    "INITIALIZED",
    "FAILED",
    "FREE_TRIAL",
    "FREE_TRIAL_EXPIRED",
    "ACTIVE",
    "SUSPENDED",
    "CANCELLED",
]


class Subscription(TypedDict, total=False):
    """What a company has bought and may use, with the order that says on which terms."""

    identity: ClassVar = ("id", "internalId")

    id: str
    parentSubscriptionId: Id | None
    creationDate: Millis | None
    endDate: Millis | None
    externalAccountId: str | None
    status: SubscriptionStatus
    maxUsers: int | None
    assignedUsers: int | None
    order: OrderWithin | None
    upcomingOrder: OrderWithin | None
    user: Pointer | None
    company: Pointer | None
    product: Pointer | None
    edition: Pointer | None
    redirectUrl: str | None
    internalId: str
    externalId: str | None
    label: str | None
    bundleApplicationId: Id | None
