"""Quotas of a reseller, and the bucket that counts those of them that are rates.

A rate is kept as a single number, the time at which its bucket will be full again: GCRA, the
generic cell rate algorithm (ITU-T I.371), as a meter. A bucket holds what may come in a window.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import ceil

from reseller_webhooks.core.access.audit import Act

BURST_S = 10
"""A rate per second allows the units of this many seconds at once."""
HOUR_S = 3600


class Quota(StrEnum):
    """Quotas. The values are labels of a metric and names in RateLimit fields."""

    WEBHOOKS = "webhooks"
    REQUESTS_PER_SECOND = "requests_per_second"
    CHANGES_PER_SECOND = "changes_per_second"
    INVITES_PER_HOUR = "invites_per_hour"
    TESTS_PER_HOUR = "tests_per_hour"
    RETRIES_PER_HOUR = "retries_per_hour"
    WEBHOOK_CHANGES_PER_HOUR = "webhook_changes_per_hour"
    USER_CHANGES_PER_HOUR = "user_changes_per_hour"
    BACKFILL_RECORDS = "backfill_records"
    STORED_BYTES = "stored_bytes"

    @property
    def setting(self) -> str:
        """The setting that it has its default from, without the prefix of all settings."""
        return f"LIMIT_{self.value.upper()}"


BY_SECOND = frozenset({Quota.REQUESTS_PER_SECOND, Quota.CHANGES_PER_SECOND})
"""Quotas that each process counts for itself."""
QUOTA_OF_ACT: Mapping[Act, Quota | None] = {
    Act.WEBHOOK_ADDED: Quota.WEBHOOK_CHANGES_PER_HOUR,
    Act.WEBHOOK_CHANGED: Quota.WEBHOOK_CHANGES_PER_HOUR,
    Act.WEBHOOK_PAUSED: Quota.WEBHOOK_CHANGES_PER_HOUR,
    Act.WEBHOOK_RESUMED: Quota.WEBHOOK_CHANGES_PER_HOUR,
    Act.WEBHOOK_SECRET_ROTATED: Quota.WEBHOOK_CHANGES_PER_HOUR,
    Act.WEBHOOK_DELETED: Quota.WEBHOOK_CHANGES_PER_HOUR,
    Act.WEBHOOK_BACKFILL_BEGUN: Quota.WEBHOOK_CHANGES_PER_HOUR,
    Act.WEBHOOK_BACKFILL_CANCELLED: Quota.WEBHOOK_CHANGES_PER_HOUR,
    Act.WEBHOOK_JOB_CANCELLED: Quota.WEBHOOK_CHANGES_PER_HOUR,
    Act.RESELLER_JOB_CANCELLED: Quota.WEBHOOK_CHANGES_PER_HOUR,
    Act.WEBHOOK_TESTED: Quota.TESTS_PER_HOUR,
    Act.WEBHOOK_PENDING_RETRIED: Quota.RETRIES_PER_HOUR,
    Act.WEBHOOK_FAILED_RETRIED: Quota.RETRIES_PER_HOUR,
    Act.WEBHOOK_DELIVERY_RETRIED: Quota.RETRIES_PER_HOUR,
    Act.RESELLER_FAILED_RETRIED: Quota.RETRIES_PER_HOUR,
    Act.USER_INVITED: Quota.INVITES_PER_HOUR,
    Act.USER_INVITE_WITHDRAWN: Quota.USER_CHANGES_PER_HOUR,
    Act.USER_ROLE_CHANGED: Quota.USER_CHANGES_PER_HOUR,
    Act.USER_REMOVED: Quota.USER_CHANGES_PER_HOUR,
    Act.USER_LOCKED: Quota.USER_CHANGES_PER_HOUR,
    Act.USER_UNLOCKED: Quota.USER_CHANGES_PER_HOUR,
    Act.USER_LINK_MADE: Quota.USER_CHANGES_PER_HOUR,
    Act.USER_PASSWORD_SET: Quota.USER_CHANGES_PER_HOUR,
    Act.USER_SESSIONS_ENDED: Quota.USER_CHANGES_PER_HOUR,
    # Entering another reseller. The sign-in itself belongs to nobody yet, and is limited by
    # password hashing and counted guesses, as the acts that follow.
    Act.USER_SIGNED_IN: Quota.USER_CHANGES_PER_HOUR,
    Act.USER_JOINED: None,
    Act.USER_SIGN_IN_REFUSED: None,
    # Only the platform, operators and commands do these.
    Act.USER_ADDED: None,
    Act.KEY_ADDED: None,
    Act.KEY_REVOKED: None,
    Act.RESELLER_ADDED: None,
    Act.RECORD_ERASED: None,
    Act.RESELLER_QUOTAS_CHANGED: None,
}
"""The quota that an act of a reseller's keys and people counts towards."""
BY_HOUR = frozenset(quota for quota in QUOTA_OF_ACT.values() if quota)
"""Counted in the store, for all processes together."""
LIMIT_MAX = 2**53 - 1
"""The largest integer that JSON carries safely."""

Limits = Mapping[Quota, int]


@dataclass(frozen=True, slots=True)
class Rate:
    """A number of units in each window of `window_s` seconds."""

    units: int
    window_s: int

    @property
    def interval_s(self) -> float:
        """The time in which a unit comes back."""
        return self.window_s / self.units


@dataclass(frozen=True, slots=True)
class Taken:
    """A bucket after something was taken from it, or was not.

    full_s: when it will be full again. remaining: units that are left. wait_s: after how long it
    would have been taken; 0 when it was.
    """

    full_s: float
    remaining: int
    wait_s: int = 0


def limit_in(text: str) -> int | None:
    """The limit in a text; None for a text that is not a limit."""
    is_number = text.isascii() and text.isdecimal() and len(text) <= len(str(LIMIT_MAX))
    return int(text) if is_number and 1 <= int(text) <= LIMIT_MAX else None


def rate_of(quota: Quota, limit: int) -> Rate | None:
    """The rate that a quota allows; None for a count."""
    if quota in BY_SECOND:
        return Rate(limit * BURST_S, BURST_S)
    return Rate(limit, HOUR_S) if quota in BY_HOUR else None


def take(full_s: float, now_s: float, units: int, rate: Rate) -> Taken:
    """Take units from a bucket, if it holds them.

    More than a bucket ever holds is taken from a full one, and paid off later.
    """
    filled_at = max(full_s, now_s)
    after = filled_at + units * rate.interval_s
    if after - now_s <= rate.window_s or filled_at == now_s:
        return Taken(after, _remaining(after, now_s, rate))
    ready_at = filled_at if units > rate.units else after - rate.window_s
    return Taken(full_s, _remaining(filled_at, now_s, rate), max(1, ceil(ready_at - now_s)))


def used_of(full_s: float, now_s: float, rate: Rate) -> int:
    """Units that have not come back yet."""
    return ceil(max(0.0, full_s - now_s) / rate.interval_s - 1e-6)


def _remaining(full_s: float, now_s: float, rate: Rate) -> int:
    return max(0, rate.units - used_of(full_s, now_s, rate))
