"""Logs that the store is unavailable and that it answers again: changes of state, not calls."""

from threading import Lock
from typing import Any

import structlog

from reseller_webhooks.clock import monotonic_s
from reseller_webhooks.core.errors import Cause, Unavailable

COUNT_EVERY_S = 10.0
QUIET_S = 3.0
"""An outage ends after so long without a failure: reads may succeed while writes fail."""
CAUSES = frozenset({Cause.AWAY, Cause.READ_ONLY})
"""Causes of an outage; a lock, a missing right or a missing table may concern a single caller."""

log = structlog.get_logger()


class Outage:
    """The outage of one store as this process sees it. is_reported: a command logs nothing."""

    def __init__(self) -> None:
        self.is_reported = False
        self._lock = Lock()
        self._since_s: float | None = None
        self._failed_s = self._answered_s = self._logged_s = 0.0
        self._requests = 0

    @property
    def is_active(self) -> bool:
        """True if the store is unavailable, or was until a moment ago."""
        return self._since_s is not None

    def failed(self, error: Unavailable) -> None:
        """A transaction failed."""
        if error.cause not in CAUSES or not self.is_reported:
            return
        with self._lock:
            now_s = self._failed_s = monotonic_s()
            self._answered_s = 0.0
            if self._since_s is None:
                self._since_s, self._logged_s, self._requests = now_s, now_s, 0
                log.error("the store is unavailable", reason=str(error))
            elif now_s - self._logged_s >= COUNT_EVERY_S:
                self._logged_s = now_s
                log.warning("the store is still unavailable", reason=str(error), **self._facts())

    def succeeded(self) -> None:
        """A transaction was committed."""
        if self._since_s is None:
            return
        with self._lock:
            self._answered_s = self._answered_s or monotonic_s()
            if self._since_s is not None and monotonic_s() - self._failed_s >= QUIET_S:
                log.info("the store answers again", **self._facts())
                self._since_s = None

    def refused_request(self, error: Unavailable, **facts: object) -> None:
        """A caller was refused: counted in an outage, else logged now and then."""
        if not self.is_active:
            log_refusal("requests are refused", error, **facts)
            return
        with self._lock:
            self._requests += 1

    def _facts(self) -> dict[str, Any]:
        until_s = self._answered_s or monotonic_s()
        seconds = round(until_s - (self._since_s or until_s), 1)
        return {"after_s": seconds, "requests_refused": self._requests}


class _Refusals:
    """Counts refusals since the last line about them."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._logged_s: dict[str, float] = {}
        self._counts: dict[str, int] = {}

    def due(self, event: str) -> int:
        """The number of refusals for a line that is due now; 0 when no line is due."""
        with self._lock:
            count = self._counts[event] = self._counts.get(event, 0) + 1
            now_s = monotonic_s()
            if now_s - self._logged_s.get(event, -COUNT_EVERY_S) < COUNT_EVERY_S:
                return 0
            self._logged_s[event], self._counts[event] = now_s, 0
            return count


_refusals = _Refusals()


def log_refusal(event: str, error: Unavailable, **facts: object) -> None:
    """Log a refusal: at once, then every COUNT_EVERY_S with a count.

    Nothing in an outage of the store, which `Outage` reports.
    """
    if error.cause not in CAUSES and (count := _refusals.due(event)):
        log.warning(event, reason=str(error), count=count, **facts)
