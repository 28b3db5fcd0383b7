"""What a record is called, and how it stands with a webhook, in words."""

import json
from collections.abc import Sequence
from typing import Any

from reseller_webhooks.core.delivery import State
from reseller_webhooks.core.names import Resource
from reseller_webhooks.core.records import Record
from reseller_webhooks.core.standing import Standing
from reseller_webhooks.operations.browse import Stance, Version
from reseller_webhooks.web import log_changes, sayings
from reseller_webhooks.web.language import N_, _
from reseller_webhooks.web.log_changes import Change
from reseller_webhooks.web.words import Badge

BADGES = {
    Standing.IN_SYNC: Badge("good", N_("In sync")),
    Standing.AS_ASKED: Badge("good", N_("Has all it asks for")),
    Standing.WAITING: Badge("waiting", N_("Waiting")),
    Standing.TRYING: Badge("waiting", N_("Trying again")),
    Standing.FAILED: Badge("bad", N_("Not in sync")),
    Standing.STOPPED: Badge("quiet", N_("Not in sync")),
    Standing.NOT_TOLD: Badge("quiet", N_("Not told")),
}
UNKNOWN = Badge("quiet", N_("Unknown"))
_TOLD = {
    Standing.IN_SYNC: N_("This webhook has accepted version %(version)s of %(version)s."),
    Standing.AS_ASKED: N_(
        "This webhook has accepted version %(accepted)s of %(version)s; what changed since is none "
        "of its actions, or happened before it was added."
    ),
    Standing.WAITING: N_("Waiting: version %(tried)s was not sent yet."),
    Standing.TRYING: N_(
        "Failed at version %(tried)s: %(why)s. It is tried again by itself.",
    ),
    Standing.FAILED: N_("Failed at version %(tried)s: %(why)s. It was given up."),
    Standing.STOPPED: N_("Stopped at version %(tried)s: %(why)s."),
    Standing.NOT_TOLD: N_(
        "Nothing of this record was sent to this webhook: it was added later, or its actions did "
        "not happen, or it is longer ago than notifications are kept."
    ),
}
_CUT = N_(
    "Nothing since version %(cut_at)s was sent to this webhook; older versions were not looked at."
)
_NAMES = {
    Resource.COMPANY: ("name",),
    Resource.LEAD: ("customer", "company", "name"),
    Resource.APP_ASSIGNMENT: ("user", "email"),
}
"""Where in its content the name of a record is."""


def badge(stance: Stance) -> Badge:
    """How a record stands, in a word or two."""
    return UNKNOWN if _is_unknown(stance) else BADGES[stance.stands.standing]


def told(stance: Stance, version: int) -> str:
    """The same in a sentence. version: of the record."""
    if _is_unknown(stance):
        return _(_CUT) % {"cut_at": stance.cut_at}
    accepted, line = stance.stands.accepted, stance.line
    said = _(_TOLD[stance.stands.standing])
    if line and accepted:
        said += " " + _("Before that it accepted version %(accepted)s.")
    if line and stance.webhook.state == "PAUSED":
        said += " " + _("The webhook is paused.")
    elif line and line.state is State.PENDING and stance.webhook.circuit == "OPEN":
        said += " " + _("The receiver is failing.")
    tried = stance.tried or ""
    return said % {"version": version, "accepted": accepted, "tried": tried, "why": _why(stance)}


def title(record: Record) -> str:
    """What people call it, nothing when its content has no name."""
    value: Any = json.loads(record.content) if record.content else {}
    for part in _NAMES.get(record.resource, ()):
        value = value.get(part) if isinstance(value, dict) else None
    return value if isinstance(value, str) else ""


def status(record: Record) -> str:
    """Its status as a word for people."""
    return _(record.status.replace("_", " ").capitalize()) if record.status else ""


def changes(version: Version) -> Sequence[Change]:
    """What a version changed, as far as the one before it is kept."""
    if version.before is None:
        return []
    return log_changes.between(version.before.body, version.event.body)


def _is_unknown(stance: Stance) -> bool:
    """Whether nothing was found, and not all was looked at."""
    return stance.stands.standing is Standing.NOT_TOLD and stance.cut_at is not None


def _why(stance: Stance) -> str:
    line = stance.line
    if line is None:
        return ""
    if line.last_status is not None:
        return _("answered %(status)s") % {"status": line.last_status}
    return sayings.told(line.last_detail).rstrip(".")
