"""Commit listeners: called after each commit of a transaction with effects on the engine.

The engine of this process takes new deliveries as they are, without reading them from the store.
"""

from collections.abc import Callable, Sequence, Set
from enum import StrEnum

from reseller_webhooks.core.deliveries.notification import DueDelivery


class CommitEffects(StrEnum):
    """Kinds of rows whose commit wakes the engine or waiting readers."""

    WEBHOOKS = "webhooks"
    """Webhooks were added or changed."""
    DELIVERIES = "deliveries"
    """Deliveries were made, or made due."""
    FAN_OUTS = "fan-outs"
    """Events were committed whose deliveries are made in steps."""
    EVENTS = "events"
    """Events were committed, which readers of the feed wait for."""


Listener = Callable[[Set[CommitEffects]], None]
"""Called on the thread that committed, so it must not wait."""
Taker = Callable[[Sequence[DueDelivery], float], None]
"""As a listener, with a transaction's new deliveries, and monotonic seconds when it began."""


class Commits:
    """The commit listeners of this process."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []
        self.taker: Taker | None = None
        """Takes new deliveries; None: listeners hear that there are some."""

    def listen(self, listener: Listener) -> None:
        """Call it after each commit that had any of `CommitEffects`."""
        self._listeners.append(listener)

    def committed(
        self, written: Set[CommitEffects], made: Sequence[DueDelivery] = (), begun_s: float = 0.0
    ) -> None:
        """Hand over new deliveries, and call the listeners if a commit has other effects."""
        if made and self.taker:
            self.taker(made, begun_s)
        elif made:
            written = {*written, CommitEffects.DELIVERIES}
        if written:
            for listener in self._listeners:
                listener(written)
