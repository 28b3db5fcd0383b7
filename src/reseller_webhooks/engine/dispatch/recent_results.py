"""Recent results: deliveries that are finished or wait again, in memory for some seconds."""

from reseller_webhooks.core.rules import Rule, implements

KEPT_S = 5.0
"""The least time that results are remembered; at most twice as long."""


class RecentResults:
    """The last results. at: the event loop's time."""

    def __init__(self) -> None:
        self._newer: set[int] = set()
        self._older: set[int] = set()
        self._newer_since = self._older_since = 0.0

    def add(self, delivery_id: int, at: float) -> None:
        """The result of a delivery was written."""
        if at - self._newer_since > KEPT_S:
            self._older, self._older_since = self._newer, self._newer_since
            self._newer, self._newer_since = set(), at
        self._newer.add(delivery_id)

    @implements(Rule.IGNORE_WRITTEN_HANDED)
    def has(self, delivery_id: int) -> bool:
        """True if the result of a delivery was written in the time that `covers` allows."""
        return delivery_id in self._newer or delivery_id in self._older

    def covers(self, since: float) -> bool:
        """True if every result written since then is remembered."""
        return since > self._older_since
