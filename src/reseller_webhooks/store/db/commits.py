"""Commit listeners: called after each commit of a transaction with effects on the engine."""

from collections.abc import Callable, Set
from enum import StrEnum


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


class Commits:
    """The commit listeners of this process."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> None:
        """Call it after each commit that had any of `CommitEffects`."""
        self._listeners.append(listener)

    def committed(self, written: Set[CommitEffects]) -> None:
        """Call the listeners if a commit has effects."""
        if written:
            for listener in self._listeners:
                listener(written)
