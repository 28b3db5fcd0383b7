"""What can go wrong, as types that carry the facts. Only the edges turn them into status numbers.

Messages are lower case and say what was wrong, with the value, then what would be right.
A remote failure is no error: it is the result of an attempt.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from reseller_webhooks.core.access.quota_texts import TEXTS
from reseller_webhooks.core.access.quotas import Quota
from reseller_webhooks.core.text import truncate


class ResellerWebhooksError(Exception):
    """The root of everything this program refuses on purpose."""

    @property
    def public(self) -> str:
        """The message as a caller may read it."""
        return str(self)


@dataclass(frozen=True)
class Problem:
    """One thing wrong with the input.

    pointer: where, as a JSON pointer (RFC 6901), for example /changes/0/content/status.
    detail: what is wrong and what would be right.
    """

    pointer: str
    detail: str

    def under(self, prefix: str) -> "Problem":
        """The same problem, seen from further out."""
        return Problem(prefix + self.pointer, self.detail)


class Invalid(ResellerWebhooksError):
    """The input breaks a rule; every broken rule that could be found is in `problems`."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(f"{p.pointer or '/'}: {p.detail}" for p in self.problems))

    @classmethod
    def at(cls, pointer: str, detail: str) -> "Invalid":
        """One problem at one place."""
        return cls([Problem(pointer, detail)])

    def under(self, prefix: str) -> "Invalid":
        """The same problems, seen from further out."""
        return Invalid(problem.under(prefix) for problem in self.problems)


class NotFound(ResellerWebhooksError):
    """There is no such thing, or the caller may not know that it exists."""

    def __init__(self, kind: str, key: str) -> None:
        self.kind, self.key = kind, key
        super().__init__(f"no {kind} with id {truncate(key)!r}")


class Conflict(ResellerWebhooksError):
    """The request is fine by itself but does not fit what is already there."""


class TooManyJobs(Conflict):
    """A reseller has too many unfinished jobs to start another."""

    def __init__(self, unfinished: int) -> None:
        self.unfinished = unfinished
        super().__init__(
            f"{unfinished} jobs of this reseller are not finished; wait for one, or cancel one"
        )


class Outdated(ResellerWebhooksError):
    """It was changed since the caller looked at it, who would undo that without knowing."""


class KeyReused(ResellerWebhooksError):
    """An idempotency key came a second time with another body."""

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(
            f"Idempotency-Key {key!r} was used before with another body; "
            "send the same body to repeat a request, or a new key for a new one"
        )


class NotSignedIn(ResellerWebhooksError):
    """The caller did not show who they are, or what they showed is not valid (any more).

    retry_after_s: how long to wait before trying again; 0 when waiting does not help.
    """

    def __init__(self, detail: str, retry_after_s: int = 0) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(detail)


class NotAllowed(ResellerWebhooksError):
    """The caller is known, and may not do this."""


class Refused(ResellerWebhooksError):
    """The program cannot start or go on as asked; one line says why and how to mend it."""


class QuotaExceeded(ResellerWebhooksError):
    """A reseller has used up one of its quotas. Nothing was done; the caller can try again later.

    params: what the text of the quota quotes. remaining: units of a rate that are left.
    places: JSON pointers of the changes in excess, in a request about several resellers.
    """

    def __init__(
        self,
        quota: Quota,
        limit: int,
        *,
        retry_after_s: int,
        remaining: int = 0,
        used: int = 0,
        reseller: str = "",
        places: Iterable[str] = (),
    ) -> None:
        self.quota, self.limit, self.used = quota, limit, used
        self.retry_after_s, self.remaining = retry_after_s, remaining
        self.places = tuple(places)
        self.params = {
            "limit": limit,
            "setting": quota.setting,
            "wait": retry_after_s,
            "used": used,
            "reseller": reseller,
        }
        super().__init__(TEXTS[quota] % self.params)


class SecretUnreadable(ResellerWebhooksError):
    """A stored secret cannot be opened, so what needs it waits; the others are not affected.

    purposes: which secrets of the webhook, as core/webhooks.SecretPurpose names them.
    """

    def __init__(self, detail: str, purposes: Iterable[str] = ()) -> None:
        self.purposes = tuple(purposes)
        super().__init__(detail)


class Cause(StrEnum):
    """Why something is unavailable."""

    AWAY = "away"
    """The store does not answer, or the connection was lost."""
    READ_ONLY = "read only"
    """The store takes no changes: a standby, a full disk, a file that may not be written."""
    BUSY = "busy"
    """Locks, connections or time ran out."""
    COLLIDED = "collided"
    """Another transaction was quicker with the same; one's own may be tried again at once."""
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

    public: what a caller may read. internal: what only the log may say, for example a driver's
    words, which name hosts and users. A change whose answer this is may have been committed.
    """

    def __init__(
        self,
        public: str,
        retry_after_s: int = 1,
        *,
        internal: str = "",
        cause: Cause = Cause.OTHER,
    ) -> None:
        self._public, self.internal = public, internal
        self.retry_after_s = retry_after_s
        self.cause = cause
        super().__init__(f"{public}: {internal}" if internal else public)

    @property
    def public(self) -> str:
        """The message without what only the log may say."""
        return self._public

    @property
    def collided(self) -> bool:
        """Whether the same may be tried again at once."""
        return self.cause is Cause.COLLIDED
