"""RateLimit and RateLimit-Policy: how much of a quota is left.

draft-ietf-httpapi-ratelimit-headers-12 (20 November 2026): lists of strings with parameters (RFC
9651). q: the quota, w: its window in seconds, qu: its unit where that is registered; r: what is
left, t: seconds until there is more, as in Retry-After. A quota without a window is no rate: it
comes back when something is deleted or the limit is raised.
"""

from functools import lru_cache
from math import ceil

from reseller_webhooks.core.access.quotas import Quota, rate_of
from reseller_webhooks.core.errors import QuotaExceeded
from reseller_webhooks.operations.quotas import Allowance

POLICY, LEFT = "ratelimit-policy", "ratelimit"


def of_allowance(allowance: Allowance) -> dict[str, str]:
    """For an answer to a request that was counted."""
    policy, next_s = _policy(allowance.quota, allowance.limit)
    left = f'"{allowance.quota.value}";r={allowance.left.remaining};t={next_s}'
    return {POLICY: policy, LEFT: left}


def of_refusal(error: QuotaExceeded) -> dict[str, str]:
    """For the answer to a request that was refused."""
    policy, _ = _policy(error.quota, error.limit)
    left = f'"{error.quota.value}";r={error.remaining}'
    if not error.retry_after_s:
        return {POLICY: policy, LEFT: left}
    wait = str(error.retry_after_s)
    return {POLICY: policy, LEFT: f"{left};t={wait}", "retry-after": wait}


@lru_cache(maxsize=1024)
def _policy(quota: Quota, limit: int) -> tuple[str, int]:
    """The policy, and seconds until the next unit of it comes back."""
    rate = rate_of(quota, limit)
    if rate is None:
        unit = ';qu="content-bytes"' if quota is Quota.STORED_BYTES else ""
        return f'"{quota.value}";q={limit}{unit}', 0
    return f'"{quota.value}";q={rate.units};w={rate.window_s}', ceil(rate.interval_s)
