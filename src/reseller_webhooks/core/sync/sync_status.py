"""Sync status: whether a receiver has the current version of a record, by its deliveries."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from reseller_webhooks.core.deliveries.delivery import State


class SyncStatus(StrEnum):
    """Statuses of a record with a webhook."""

    IN_SYNC = "IN_SYNC"
    """The receiver has accepted the newest version."""
    AS_ASKED = "AS_ASKED"
    """It has accepted all that it asks for; later changes were of actions that are not ticked."""
    WAITING = "WAITING"
    """A newer version waits for its first attempt."""
    TRYING = "TRYING"
    """A newer version was not accepted yet and is tried again."""
    FAILED = "FAILED"
    """A newer version was given up."""
    STOPPED = "STOPPED"
    """A newer version was cancelled or replaced before it was accepted."""
    NOT_TOLD = "NOT_TOLD"
    """Nothing of it was ever sent, or nothing of that is kept."""


@dataclass(frozen=True, slots=True)
class LastDelivery:
    """A delivery about the record. attempts: made so far."""

    version: int
    state: State
    attempts: int


@dataclass(frozen=True, slots=True)
class RecordStatus:
    """accepted: the newest version that the receiver took, 0 for none.

    about: which of the deliveries says why it is not in sync, if one does.
    """

    status: SyncStatus
    accepted: int = 0
    about: int | None = None


def record_status(version: int, told: Sequence[LastDelivery]) -> RecordStatus:
    """The status of a record of this version with a webhook, by its last deliveries, newest
    first."""
    accepted = max((one.version for one in told if one.state is State.DELIVERED), default=0)
    if accepted and accepted >= version:
        return RecordStatus(SyncStatus.IN_SYNC, accepted)
    newer = [number for number, one in enumerate(told) if one.version > accepted]
    if not newer:
        return RecordStatus(SyncStatus.AS_ASKED if accepted else SyncStatus.NOT_TOLD, accepted)
    about = max(newer, key=lambda number: _weight(told[number]))
    return RecordStatus(_why(told[about]), accepted, about)


def _weight(one: LastDelivery) -> tuple[bool, bool, int]:
    """Pending before failed before other deliveries, then the newest version."""
    return one.state is State.PENDING, one.state is State.FAILED, one.version


def _why(one: LastDelivery) -> SyncStatus:
    if one.state is State.PENDING:
        return SyncStatus.TRYING if one.attempts else SyncStatus.WAITING
    return SyncStatus.FAILED if one.state is State.FAILED else SyncStatus.STOPPED
