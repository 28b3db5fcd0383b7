"""The audit log: actors, acts, lines and filters. Instants: microseconds UTC."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class ActorKind(StrEnum):
    """Kinds of actors."""

    PERSON = "person"
    KEY = "key"
    COMMAND = "command"
    PROGRAM = "program"
    NOBODY = "nobody"
    """A visitor who is not signed in."""


@dataclass(frozen=True, slots=True)
class Actor:
    """The actor of an act.

    name: an e-mail address, or the name and start of a key. address: the IP address it came from.
    """

    kind: ActorKind
    name: str = ""
    address: str = ""


PROGRAM = Actor(ActorKind.PROGRAM)
COMMAND = Actor(ActorKind.COMMAND)


class Act(StrEnum):
    """Acts. The part before the dot names the kind of subject."""

    WEBHOOK_ADDED = "webhook.added"
    WEBHOOK_CHANGED = "webhook.changed"
    WEBHOOK_PAUSED = "webhook.paused"
    WEBHOOK_RESUMED = "webhook.resumed"
    WEBHOOK_SECRET_ROTATED = "webhook.secret-rotated"  # noqa: S105 - a word
    WEBHOOK_TESTED = "webhook.tested"
    WEBHOOK_DELETED = "webhook.deleted"
    WEBHOOK_PENDING_RETRIED = "webhook.pending-retried"
    WEBHOOK_FAILED_RETRIED = "webhook.failed-retried"
    WEBHOOK_DELIVERY_RETRIED = "webhook.delivery-retried"
    WEBHOOK_BACKFILL_BEGUN = "webhook.backfill-begun"
    WEBHOOK_BACKFILL_CANCELLED = "webhook.backfill-cancelled"
    WEBHOOK_JOB_CANCELLED = "webhook.job-cancelled"
    USER_ADDED = "user.added"
    USER_INVITED = "user.invited"
    USER_INVITE_WITHDRAWN = "user.invite-withdrawn"
    USER_JOINED = "user.joined"
    USER_ROLE_CHANGED = "user.role-changed"
    USER_REMOVED = "user.removed"
    USER_LOCKED = "user.locked"
    USER_UNLOCKED = "user.unlocked"
    USER_LINK_MADE = "user.link-made"
    USER_PASSWORD_SET = "user.password-set"  # noqa: S105 - a word
    USER_SIGNED_IN = "user.signed-in"
    USER_SIGN_IN_REFUSED = "user.sign-in-refused"
    USER_SESSIONS_ENDED = "user.sessions-ended"
    RECORD_ERASED = "record.erased"
    KEY_ADDED = "key.added"
    KEY_REVOKED = "key.revoked"
    RESELLER_ADDED = "reseller.added"
    RESELLER_FAILED_RETRIED = "reseller.failed-retried"
    RESELLER_JOB_CANCELLED = "reseller.job-cancelled"
    RESELLER_QUOTAS_CHANGED = "reseller.quotas-changed"

    @property
    def subject(self) -> str:
        """The kind of subject: webhook, record, user, key or reseller."""
        return self.value.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Subject:
    """The subject of an act. reseller_id: its owner, None for the platform."""

    uuid: str
    name: str
    reseller_id: int | None


@dataclass(frozen=True, slots=True)
class AuditLine:
    """A line of the audit log. reseller: the name of its reseller, if any."""

    id: int
    at: int
    reseller: str | None
    act: str
    actor_kind: str
    actor: str
    address: str
    subject: str
    subject_uuid: str
    subject_name: str
    details: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """A query of the audit log, newest first. behind: the last line of the page before."""

    reseller_id: int | None = None
    subject: str = ""
    subject_uuid: str = ""
    actor: str = ""
    since: int | None = None
    until: int | None = None
    behind: int | None = None
    limit: int = 50
