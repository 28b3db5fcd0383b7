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


class Subscription(RecordShape):
    """What a company has bought and may use, with the order that says on which terms."""

    identity: ClassVar = ("id", "internalId")

    id: str
    parent_subscription_id: Id | None = None
    creation_date: Millis | None = None
    end_date: Millis | None = None
    external_account_id: str | None = None
    status: SubscriptionStatus
    max_users: int | None = None
    assigned_users: int | None = None
    order: OrderWithin | None = None
    upcoming_order: OrderWithin | None = None
    user: Pointer | None = None
    company: Pointer | None = None
    product: Pointer | None = None
    edition: Pointer | None = None
    redirect_url: str | None = None
    internal_id: str
    external_id: LeftOut[str] = None
    label: LeftOut[str] = None
    bundle_application_id: LeftOut[Id] = None
