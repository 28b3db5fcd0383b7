"""What a record is called, and how it stands with a webhook, in words."""

import json
from collections.abc import Sequence
from typing import Any

from reseller_webhooks.core.names import Resource
from reseller_webhooks.core.records import Record
from reseller_webhooks.core.standing import Standing
from reseller_webhooks.operations.browse import Stance, Version
from reseller_webhooks.web import log_changes
from reseller_webhooks.web.log_changes import Change
from reseller_webhooks.web.words import Badge

BADGES = {
    Standing.IN_SYNC: Badge("good", "In sync"),
    Standing.AS_ASKED: Badge("good", "Has all it asks for"),
    Standing.WAITING: Badge("waiting", "Waiting"),
    Standing.TRYING: Badge("waiting", "Trying again"),
    Standing.FAILED: Badge("bad", "Not in sync"),
    Standing.STOPPED: Badge("quiet", "Not in sync"),
    Standing.NOT_TOLD: Badge("quiet", "Not told"),
}
_NAMES = {
    Resource.COMPANY: ("name",),
    Resource.LEAD: ("customer", "company", "name"),
    Resource.APP_ASSIGNMENT: ("user", "email"),
}
"""Where in its content the name of a record is."""


def badge(stance: Stance) -> Badge:
    """How a record stands, in a word or two."""
    return BADGES[stance.stands.standing]


def told(stance: Stance, version: int) -> str:
    """The same in a sentence. version: of the record."""
    accepted, line = stance.stands.accepted, stance.line
    of = f"version {line.version}" if line else ""
    sentences = {
        Standing.IN_SYNC: f"This webhook has accepted version {version} of {version}.",
        Standing.AS_ASKED: f"This webhook has accepted version {accepted} of {version}; what "
        "changed since is none of its actions, or happened before it was added.",
        Standing.WAITING: f"Waiting: {of} was not sent yet.",
        Standing.TRYING: f"Failed at {of}: {_why(stance)}. It is tried again by itself.",
        Standing.FAILED: f"Failed at {of}: {_why(stance)}. It was given up.",
        Standing.STOPPED: f"Stopped at {of}: {_why(stance)}.",
        Standing.NOT_TOLD: "Nothing of this record was sent to this webhook: it was added "
        "later, or its actions did not happen, or it is longer ago than notifications are kept.",
    }
    said = sentences[stance.stands.standing]
    if line and accepted:
        said += f" Before that it accepted version {accepted}."
    if line and stance.webhook.state == "PAUSED":
        said += " The webhook is paused."
    return said


def title(record: Record) -> str:
    """What people call it, nothing when its content has no name."""
    value: Any = json.loads(record.content) if record.content else {}
    for part in _NAMES.get(record.resource, ()):
        value = value.get(part) if isinstance(value, dict) else None
    return value if isinstance(value, str) else ""


def status(record: Record) -> str:
    """Its status as a word for people."""
    return record.status.replace("_", " ").capitalize() if record.status else ""


def changes(version: Version) -> Sequence[Change]:
    """What a version changed, as far as the one before it is kept."""
    if version.before is None:
        return []
    return log_changes.between(version.before.body, version.event.body)


def _why(stance: Stance) -> str:
    line = stance.line
    if line is None:
        return ""
    if line.last_status is not None:
        return f"answered {line.last_status}"
    return line.last_detail.rstrip(".")
