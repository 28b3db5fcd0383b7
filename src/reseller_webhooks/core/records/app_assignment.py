"""An app assignment, as AppDirect's account API v2 shows it."""

from typing import Literal, Required

from pydantic import with_config
from typing_extensions import TypedDict

from reseller_webhooks.core.records.base_models import (
    SHAPE,
    Id,
    Json,
    Link,
    Millis,
    RecordShape,
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

    uuid: Required[str]
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


@with_config(SHAPE)
class AppAssignment(TypedDict, total=False):
    """An application given to a person under a subscription.

    The user's uuid ends its address. The subscription is named by `subscriptionId`, or by the
    link to the assignment itself.
    """

    uuid: str
    membership: Membership | None
    createdOn: Millis | None
    status: Required[AppAssignmentStatus]
    lyncToPhoneVoiceConnection: Json
    user: Required[User]
    links: list[Link] | None
    subscriptionId: str | None


APP_ASSIGNMENT = RecordShape(
    AppAssignment,
    identity=("uuid",),
    left_out=frozenset({"lyncToPhoneVoiceConnection", "subscriptionId"}),
    defaults={"links": []},
)
