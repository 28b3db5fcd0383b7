"""Allowed changes of status, as tables. Any status may be the first.

AppDirect documents the words but few of the moves, so the tables forbid only what cannot be:
to leave a final status, and to go back to a start.
"""

from collections.abc import Iterable, Mapping
from typing import get_args

from reseller_webhooks.core.enums import Resource
from reseller_webhooks.core.errors import Invalid
from reseller_webhooks.core.messages import Message
from reseller_webhooks.core.messages.changes import STATUS_CANNOT_FOLLOW, STATUS_IS_FINAL
from reseller_webhooks.core.records.app_assignment import AppAssignmentStatus
from reseller_webhooks.core.records.lead import LeadStatus
from reseller_webhooks.core.records.order import OrderStatus

Moves = Mapping[str, frozenset[str]]
"""The statuses that may follow each status. A status may always stay, with other content."""


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


def _from_each(statuses: Iterable[str], to: frozenset[str]) -> dict[str, frozenset[str]]:
    return {status: to - {status} for status in statuses}


# A company's words are not all known; those that are not here may follow and precede any.
COMPANY: Moves = {"PENDING": _set("ACTIVE"), "ACTIVE": _set("PENDING")}

INVOICE: Moves = {
    "UNPAID": _set("PAID CARRIED VOIDED"),
    "PAID": _set("UNPAID VOIDED"),  # a payment can be reversed
    "CARRIED": _set("UNPAID PAID VOIDED"),
    "VOIDED": _set(""),
}

_OPEN_LEAD = _set(
    "PENDING_SUBMISSION SUBMITTED ASSIGNED PENDING_CONVERSION_APPROVAL CONVERSION_APPROVED"
)
LEAD: Moves = {
    **_from_each(_OPEN_LEAD, to=frozenset(get_args(LeadStatus)) - {"PENDING_SUBMISSION"}),
    "CONVERTED": _set("LEGACY DELETED"),
    "DISQUALIFIED": _set("LEGACY DELETED"),
    "LEGACY": _set("DELETED"),
    "DELETED": _set(""),
}

_ORDERED = _set(
    "UPCOMING PENDING_USER_APPROVAL PENDING_REMOTE_CREATION PENDING_MANUAL_RECOVERY "
    "PENDING_ASYNCHRONOUS_CREATION PENDING_MIGRATION_ACTIVATION PENDING_DELAYED_PROVISIONING"
)
_ORDER_OVER = _set("FINISHED CANCELLED FAILED DELETED")
_TRIAL_OVER = _ORDER_OVER | _set("FREE_TRIAL_CANCELLED")
ORDER: Moves = {
    **_from_each({"INITIALIZED", *_ORDERED}, to=frozenset(get_args(OrderStatus)) - {"INITIALIZED"}),
    "FREE_TRIAL": _set("ACTIVE SUSPENDED FREE_TRIAL_EXPIRED") | _TRIAL_OVER,
    "FREE_TRIAL_EXPIRED": _set("ACTIVE SUSPENDED FREE_TRIAL") | _TRIAL_OVER,
    "ACTIVE": _set("SUSPENDED") | _ORDER_OVER,
    "SUSPENDED": _set("ACTIVE FREE_TRIAL FREE_TRIAL_EXPIRED") | _TRIAL_OVER,
    "FAILED": _set("ACTIVE FREE_TRIAL CANCELLED DELETED") | _ORDERED,  # it can be tried again
    **_from_each(_set("FINISHED CANCELLED FREE_TRIAL_CANCELLED ONE_TIME"), to=_set("DELETED")),
    "DELETED": _set(""),
}

SUBSCRIPTION: Moves = {
    "INITIALIZED": _set("FREE_TRIAL FREE_TRIAL_EXPIRED ACTIVE SUSPENDED FAILED CANCELLED"),
    "FREE_TRIAL": _set("FREE_TRIAL_EXPIRED ACTIVE SUSPENDED FAILED CANCELLED"),
    "FREE_TRIAL_EXPIRED": _set("FREE_TRIAL ACTIVE SUSPENDED CANCELLED"),
    "ACTIVE": _set("SUSPENDED CANCELLED"),
    "SUSPENDED": _set("FREE_TRIAL FREE_TRIAL_EXPIRED ACTIVE CANCELLED"),
    "FAILED": _set("INITIALIZED FREE_TRIAL ACTIVE CANCELLED"),  # it can be tried again
    "CANCELLED": _set(""),
}

PENDING = _set(
    "PENDING_REQUIRED_DATA PENDING_SEAT_AVAILABILITY PENDING_USER_ACTIVATION "
    "PENDING_REMOTE_CREATION"
)
SUSPENDED = _set(
    "SUBSCRIPTION_SUSPENDED_FREE_TRIAL_EXPIRED SUBSCRIPTION_SUSPENDED_RENEW_CONTRACT "
    "SUBSCRIPTION_SUSPENDED_PAY_INVOICE SUBSCRIPTION_SUSPENDED_MANUAL_SUSPENSION"
)
_ASSIGNMENTS = frozenset(get_args(AppAssignmentStatus))
APP_ASSIGNMENT: Moves = {
    **_from_each({"FAILED", *PENDING}, to=_ASSIGNMENTS),
    **_from_each({"ACTIVE", "PENDING_REMOTE_CANCELLATION", *SUSPENDED}, to=_ASSIGNMENTS - PENDING),
    "CANCELLED": _set(""),
}

MOVES: dict[Resource, Moves] = {
    Resource.COMPANY: COMPANY,
    Resource.INVOICE: INVOICE,
    Resource.LEAD: LEAD,
    Resource.ORDER: ORDER,
    Resource.SUBSCRIPTION: SUBSCRIPTION,
    Resource.APP_ASSIGNMENT: APP_ASSIGNMENT,
}


def check_move(resource: Resource, before: str | None, after: str | None) -> None:
    """Raise Invalid at /status unless `after` may follow `before`; None for no record or no
    status."""
    moves = MOVES[resource]
    following = moves.get(before or "")
    if before == after or following is None or after not in moves:
        return
    if after not in following:
        raise Invalid.at("/status", _cannot_follow(str(before), str(after), following))


def _cannot_follow(before: str, after: str, following: frozenset[str]) -> Message:
    if not following:
        return STATUS_IS_FINAL(before=before, after=after)
    allowed = ", ".join(sorted(following))
    return STATUS_CANNOT_FOLLOW(before=before, after=after, allowed=allowed)
