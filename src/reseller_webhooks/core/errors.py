"""Errors as types with their facts as fields. Only the edges map them to status numbers.

What they say is a Message, whose code is in core/messages. Texts are lower case and say what was
wrong, with the value, then what would be right.
A remote failure is no error: it is the result of an attempt.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from reseller_webhooks.core.access.quotas import Quota
from reseller_webhooks.core.messages import Message
from reseller_webhooks.core.messages.changes import CURSOR_EXPIRED, KEY_REUSED
from reseller_webhooks.core.messages.quotas import OF_QUOTA
from reseller_webhooks.core.messages.requests import NOT_FOUND, SETUP_BROKEN
from reseller_webhooks.core.messages.webhooks import JOBS_UNFINISHED
from reseller_webhooks.core.text import truncate


class ResellerWebhooksError(Exception):
    """The root of everything this program refuses on purpose.

    message: what a caller may read, rendered in English or by the pages.
    """

    def __init__(self, message: Message) -> None:
        self.message = message
        super().__init__(message)


@dataclass(frozen=True)
class Problem:
    """One thing wrong with the input.

    pointer: where, as a JSON pointer (RFC 6901), for example /changes/0/content/status.
    message: what is wrong and what would be right.
    """

    pointer: str
    message: Message

    @property
    def detail(self) -> str:
        """The message in English."""
        return str(self.message)

    def under(self, prefix: str) -> "Problem":
        """The same problem, seen from further out."""
        return Problem(prefix + self.pointer, self.message)


class BadValue(ValueError):
    """A single value is wrong. Validators raise it; what calls them knows the place."""

    def __init__(self, message: Message) -> None:
        self.message = message
        super().__init__(message)


class Invalid(ResellerWebhooksError):
    """The input breaks a rule; every broken rule that could be found is in `problems`."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(self.problems[0].message)

    def __str__(self) -> str:
        """Every problem with its place."""
        return "; ".join(f"{one.pointer or '/'}: {one.detail}" for one in self.problems)

    @classmethod
    def at(cls, pointer: str, message: Message) -> "Invalid":
        """One problem at one place."""
        return cls([Problem(pointer, message)])

    def under(self, prefix: str) -> "Invalid":
        """The same problems, seen from further out."""
        return Invalid(problem.under(prefix) for problem in self.problems)


class NotFound(ResellerWebhooksError):
    """The thing does not exist, or the caller may not know that it does."""

    def __init__(self, kind: str, key: str) -> None:
        self.kind, self.key = kind, key
        super().__init__(NOT_FOUND(kind=kind, key=truncate(key)))


class Conflict(ResellerWebhooksError):
    """The request is valid by itself but conflicts with the current state."""


class TooManyJobs(Conflict):
    """A reseller has too many unfinished jobs to start another."""

    def __init__(self, unfinished: int) -> None:
        self.unfinished = unfinished
        super().__init__(JOBS_UNFINISHED(count=unfinished))


class Outdated(ResellerWebhooksError):
    """It was changed since the caller looked at it, who would undo that without knowing."""


class CursorExpired(ResellerWebhooksError):
    """Events behind a reader's cursor are deleted, so reading on would leave a gap."""

    def __init__(self) -> None:
        super().__init__(CURSOR_EXPIRED())


class KeyReused(ResellerWebhooksError):
    """An idempotency key came a second time with another body."""

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(KEY_REUSED(key=key))


class NotSignedIn(ResellerWebhooksError):
    """The caller has no valid credentials.

    retry_after_s: how long to wait before trying again; 0 when waiting does not help.
    """

    def __init__(self, message: Message, retry_after_s: int = 0) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(message)


class NotAllowed(ResellerWebhooksError):
    """The caller is known, and may not do this."""


class Refused(ResellerWebhooksError):
    """The program cannot start or go on as asked; one line says why and how to mend it.

    reason: that line, in English, for the operator's terminal and log. Nobody else reads it.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(SETUP_BROKEN())

    def __str__(self) -> str:
        """The line for the operator."""
        return self.reason


class QuotaExceeded(ResellerWebhooksError):
    """A reseller has used up one of its quotas. Nothing was done; the caller can try again later.

    retry_after_s: when to try again; 0 where waiting does not help.
    remaining: units of a rate that are left.
    places: JSON pointers of the changes in excess, in a request about several resellers.
    """

    def __init__(
        self,
        quota: Quota,
        limit: int,
        *,
        retry_after_s: int = 0,
        remaining: int = 0,
        used: int = 0,
        reseller: str = "",
        places: Iterable[str] = (),
    ) -> None:
        self.quota, self.limit, self.used = quota, limit, used
        self.retry_after_s, self.remaining = retry_after_s, remaining
        self.places = tuple(places)
        facts: dict[str, str | int] = {
            "limit": limit,
            "setting": quota.setting,
            "wait": retry_after_s,
            "used": used,
            "reseller": reseller,
        }
        code = OF_QUOTA[quota]
        super().__init__(code(**{name: facts[name] for name in code.params}))


class SecretUnreadable(ResellerWebhooksError):
    """A stored secret cannot be opened, so what needs it waits; the others are not affected.

    purposes: which secrets of the webhook, as core/webhooks/webhook.SecretPurpose names them.
    """

    def __init__(self, message: Message, purposes: Iterable[str] = ()) -> None:
        self.purposes = tuple(purposes)
        super().__init__(message)


class Cause(StrEnum):
    """Reasons for which something is unavailable."""

    AWAY = "away"
    """The store does not answer, or the connection was lost."""
    READ_ONLY = "read only"
    """The store takes no changes: a standby, a full disk, a file that may not be written."""
    BUSY = "busy"
    """Locks, connections or time ran out."""
    COLLIDED = "collided"
    """Another transaction was faster; the same may be tried again at once."""
    TABLES = "tables"
    """Tables are missing or of another version."""
    RIGHTS = "rights"
    """The database's role may not do it."""
    DAMAGED = "damaged"
    """The database's file is damaged; it has to be restored."""
    OTHER = "other"
    """Not the store."""


class Unavailable(ResellerWebhooksError):
    """Not now: the store does not answer or too much waits. Try again after `retry_after_s`.

    internal: what only the log may say, for example a driver's words, which name hosts and users.
    A change whose answer this is may have been committed.
    """

    def __init__(
        self,
        message: Message,
        retry_after_s: int = 1,
        *,
        internal: str = "",
        cause: Cause = Cause.OTHER,
    ) -> None:
        self.internal = internal
        self.retry_after_s = retry_after_s
        self.cause = cause
        super().__init__(message)

    def __str__(self) -> str:
        """The text for the log."""
        return f"{self.message}: {self.internal}" if self.internal else str(self.message)

    @property
    def collided(self) -> bool:
        """True if the same may be tried again at once."""
        return self.cause is Cause.COLLIDED


class FanOutFull(Unavailable):
    """Too many fan-outs of resellers are pending; nothing of the request was applied.

    problems: the changes concerned, with their JSON pointers; the request may have others.
    """

    def __init__(self, message: Message, retry_after_s: int, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(message, retry_after_s)
