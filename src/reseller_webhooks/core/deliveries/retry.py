"""The retry schedule: waits are data, chance is an argument."""

from dataclasses import dataclass

JITTER = 0.1
"""A wait is lengthened by up to a tenth, so that what failed together does not return together."""
RETRY_AFTER_MAX_S = 86_400
"""A receiver can ask us to stay away for a day at most; after that the schedule decides."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Seconds between attempts; n waits make n + 1 attempts."""

    waits_s: tuple[float, ...]

    def span_s(self, timeout_s: float) -> float:
        """The longest time that a whole schedule takes: each wait with its jitter, each attempt."""
        return sum(self.waits_s) * (1 + JITTER) + (len(self.waits_s) + 1) * timeout_s

    def wait_s(self, failures: int, chance: float, retry_after_s: int = 0) -> float | None:
        """Seconds until the next attempt, or None when the schedule is used up.

        failures: attempts failed so far, this one included (1 or more).
        chance: a number in [0, 1) drawn by the caller; the same number gives the same wait.
        retry_after_s: what the receiver asked for (RFC 9110, 10.2.3), or 0.
            It can lengthen a wait, never shorten it.
        """
        if failures > len(self.waits_s):
            return None
        wait = self.waits_s[failures - 1] * (1 + JITTER * chance)
        return max(wait, min(retry_after_s, RETRY_AFTER_MAX_S))
