"""An app assignment, as AppDirect's account API v2 shows it."""

from typing import ClassVar, Literal

from pydantic import Field

from reseller_webhooks.core.resources.shape import (
    Id,
    Json,
    LeftOut,
    Link,
    Millis,
    RecordShape,
    Shape,
)

AppAssignmentStatus = Literal[
    "PENDING_REQUIRED_DATA",
    "PENDING_SEAT_AVAILABILITY",
    "PENDING_USER_ACTIVATION",
    "PENDING_REMOTE_CREATION",
    "SUBSCRIPTION_SUSPENDED_FREE_TRIAL_EXPIRED",
    "SUBSCRIPTION_SUSPENDED_RENEW_CONTRACT",
    "SUBSCRIPTION_SUSPENDED_PAY_INVOICE",
    "SUBSCRIPTION_SUSPENDED_MANUAL_SUSPENSION",
    "FAILED",
    "ACTIVE",
    "PENDING_REMOTE_CANCELLATION",
    "CANCELLED",
]


class User(Shape):
    """A person."""

    uuid: str | None = None
    email: str | None = None
    user_name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    picture: str | None = None
    activated: bool | None = None
    allow_login: bool | None = None
    ldap_id: Id | None = None
    boost_user: Json = None
    roles: list[str] | None = None
    metadata: Json = None
    links: list[Link] | None = None


class AssignedUser(User):
    """The person who gets the application; the last part of the assignment's address."""

    uuid: str


class MemberCompany(Shape):
    """The company that the person belongs to."""

    uuid: str | None = None
    name: str | None = None
    vendor: bool | None = None
    phone_number: str | None = None
    default_role: str | None = None
    enabled: bool | None = None
    links: list[Link] | None = None


class Membership(Shape):
    """The person's place in the company."""

    user: User | None = None
    company: MemberCompany | None = None
    enabled: bool | None = None
    last_used: bool | None = None
    roles: list[str] | None = None
    position: str | None = None
    mosi_user: Json = None
    metadata: Json = None
    links: list[Link] | None = None


class AppAssignment(RecordShape):
    """An application given to a person under a subscription.

    The subscription is named by `subscriptionId`, or by the link to the assignment itself.
    """

    identity: ClassVar = ("uuid",)

    uuid: str
    membership: Membership | None = None
    created_on: Millis | None = None
    status: AppAssignmentStatus
    lync_to_phone_voice_connection: LeftOut[Json] = None
    user: AssignedUser
    links: list[Link] | None = Field(default_factory=list)
    subscription_id: LeftOut[str] = None
