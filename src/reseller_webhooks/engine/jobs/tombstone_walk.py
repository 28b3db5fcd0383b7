"""Hourly scan of all tombstones, a step at a time: no index has them by age."""

from reseller_webhooks import clock
from reseller_webhooks.operations import tombstones
from reseller_webhooks.store.db.database import Database

EVERY_S = 3600.0


class TombstoneWalk:
    """The position of this worker's scan, and when the next one starts."""

    def __init__(self, database: Database, *, retention_days: int) -> None:
        self._database, self._retention_days = database, retention_days
        self._passed = 0
        self._begins_at = clock.monotonic_s()

    def step(self) -> int:
        """Run a step; 0 when the scan is complete, until the next one is due."""
        if clock.monotonic_s() < self._begins_at:
            return 0
        found = tombstones.drop(
            self._database, retention_days=self._retention_days, after=self._passed
        )
        self._passed = found.passed or 0
        if found.passed is None:
            self._begins_at = clock.monotonic_s() + EVERY_S
        return self._passed
