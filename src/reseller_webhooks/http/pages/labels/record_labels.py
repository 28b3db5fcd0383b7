"""Labels of a record, and of its state with a webhook."""

import json
from collections.abc import Sequence
from typing import Any

from reseller_webhooks.core.deliveries.delivery import State
from reseller_webhooks.core.enums import Resource
from reseller_webhooks.core.records.record import Record
from reseller_webhooks.core.sync.sync_status import SyncStatus
from reseller_webhooks.http.pages import messages
from reseller_webhooks.http.pages.labels import changed_fields
from reseller_webhooks.http.pages.labels.changed_fields import FieldChange
from reseller_webhooks.http.pages.labels.delivery_labels import Badge
from reseller_webhooks.http.pages.language import N_, _
from reseller_webhooks.operations.record_history import Version, WebhookRecordStatus

BADGES = {
    SyncStatus.IN_SYNC: Badge("good", N_("In sync")),
    SyncStatus.AS_ASKED: Badge("good", N_("Up to date for its actions")),
    SyncStatus.WAITING: Badge("waiting", N_("Waiting")),
    SyncStatus.TRYING: Badge("waiting", N_("Trying again")),
    SyncStatus.FAILED: Badge("bad", N_("Not in sync")),
    SyncStatus.STOPPED: Badge("quiet", N_("Not in sync")),
    SyncStatus.NOT_TOLD: Badge("quiet", N_("Never sent")),
}
UNKNOWN = Badge("quiet", N_("Unknown"))
_TOLD = {
    SyncStatus.IN_SYNC: N_("This webhook has accepted version %(version)s of %(version)s."),
    SyncStatus.AS_ASKED: N_(
        "This webhook has accepted version %(accepted)s of %(version)s; later changes are not "
        "among its actions, or happened before it was added."
    ),
    SyncStatus.WAITING: N_("Waiting: version %(tried)s has not been sent yet."),
    SyncStatus.TRYING: N_(
        "Failed at version %(tried)s: %(why)s. It is retried automatically.",
    ),
    SyncStatus.FAILED: N_("Failed at version %(tried)s: %(why)s. There are no further attempts."),
    SyncStatus.STOPPED: N_("Stopped at version %(tried)s: %(why)s."),
    SyncStatus.NOT_TOLD: N_(
        "This record was never sent to this webhook: the webhook was added later, no change "
        "matched its actions, or the notifications are no longer kept."
    ),
}
_CUT = N_(
    "No version from %(cut_at)s on was sent to this webhook; older versions were not checked."
)
_NAMES = {
    Resource.COMPANY: ("name",),
    Resource.LEAD: ("customer", "company", "name"),
    Resource.APP_ASSIGNMENT: ("user", "email"),
}
"""The path of a record's name in its content."""


def badge(stance: WebhookRecordStatus) -> Badge:
    """The state of a record with a webhook, in a word or two."""
    return UNKNOWN if _is_unknown(stance) else BADGES[stance.stands.status]


def describe(stance: WebhookRecordStatus, version: int) -> str:
    """The same in a sentence. version: of the record."""
    if _is_unknown(stance):
        return _(_CUT) % {"cut_at": stance.cut_at}
    accepted, line = stance.stands.accepted, stance.line
    said = _(_TOLD[stance.stands.status])
    if line and accepted:
        said += " " + _("Before that it accepted version %(accepted)s.")
    if line and stance.webhook.state == "PAUSED":
        said += " " + _("The webhook is paused.")
    elif line and line.state is State.PENDING and stance.webhook.circuit == "OPEN":
        said += " " + _("The receiver is failing.")
    tried = stance.tried or ""
    return said % {"version": version, "accepted": accepted, "tried": tried, "why": _why(stance)}


def title(record: Record) -> str:
    """The name of a record, empty when its content has none."""
    value: Any = json.loads(record.content) if record.content else {}
    for part in _NAMES.get(record.resource, ()):
        value = value.get(part) if isinstance(value, dict) else None
    return value if isinstance(value, str) else ""


def status(record: Record) -> str:
    """Its status as a word for people."""
    return _(record.status.replace("_", " ").capitalize()) if record.status else ""


def changes(version: Version) -> Sequence[FieldChange]:
    """Changes of a version, if the version before it is kept."""
    if version.before is None:
        return []
    return changed_fields.between(version.before.body, version.event.body)


def _is_unknown(stance: WebhookRecordStatus) -> bool:
    """True if nothing was found, and not everything was searched."""
    return stance.stands.status is SyncStatus.NOT_TOLD and stance.cut_at is not None


def _why(stance: WebhookRecordStatus) -> str:
    line = stance.line
    if line is None:
        return ""
    if line.last_status is not None:
        return _("answered %(status)s") % {"status": line.last_status}
    return messages.phrase(line.last_message)
