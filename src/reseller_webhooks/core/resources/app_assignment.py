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


class User(TypedDict, total=False):
    """A person."""

    uuid: str | None
    email: str | None
    userName: str | None
    firstName: str | None
    lastName: str | None
    picture: str | None
    activated: bool | None
    allowLogin: bool | None
    ldapId: Id | None
    boostUser: Json
    roles: list[str] | None
    metadata: Json
    links: list[Link] | None


class AssignedUser(User):
    """The person who gets the application; the last part of the assignment's address."""

    uuid: str


class MemberCompany(TypedDict, total=False):
    """The company that the person belongs to."""

    uuid: str | None
    name: str | None
    vendor: bool | None
    phoneNumber: str | None
    defaultRole: str | None
    enabled: bool | None
    links: list[Link] | None


class Membership(TypedDict, total=False):
    """The person's place in the company."""

    user: User | None
    company: MemberCompany | None
    enabled: bool | None
    lastUsed: bool | None
    roles: list[str] | None
    position: str | None
    mosiUser: Json
    metadata: Json
    links: list[Link] | None


class AppAssignment(TypedDict, total=False):
    """An application given to a person under a subscription.

    The subscription is named by `subscriptionId`, or by the link to the assignment itself.
    """

    identity: ClassVar = ("uuid",)

    uuid: str
    membership: Membership | None
    createdOn: Millis | None
    status: AppAssignmentStatus
    lyncToPhoneVoiceConnection: Json
    user: AssignedUser
    links: list[Link] | None
    subscriptionId: str | None
