"""Whether a webhook's receiver has a record as it is now, told from what was delivered to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from reseller_webhooks.core.delivery import State


class Standing(StrEnum):
    """How a record stands with a webhook."""

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
class Told:
    """A delivery about the record. attempts: made so far."""

    version: int
    state: State
    attempts: int


@dataclass(frozen=True, slots=True)
class Stands:
    """accepted: the newest version that the receiver took, 0 for none.

    about: which of the deliveries says why it is not in sync, if one does.
    """

    standing: Standing
    accepted: int = 0
    about: int | None = None


def of(version: int, told: Sequence[Told]) -> Stands:
    """How a record of that version stands with a webhook that was sent these, newest first."""
    accepted = max((one.version for one in told if one.state is State.DELIVERED), default=0)
    if accepted and accepted >= version:
        return Stands(Standing.IN_SYNC, accepted)
    newer = [number for number, one in enumerate(told) if one.version > accepted]
    if not newer:
        return Stands(Standing.AS_ASKED if accepted else Standing.NOT_TOLD, accepted)
    about = max(newer, key=lambda number: _weight(told[number]))
    return Stands(_why(told[about]), accepted, about)


def _weight(one: Told) -> tuple[bool, bool, int]:
    """What is still under way says more than what has ended; and then the newest."""
    return one.state is State.PENDING, one.state is State.FAILED, one.version


def _why(one: Told) -> Standing:
    if one.state is State.PENDING:
        return Standing.TRYING if one.attempts else Standing.WAITING
    return Standing.FAILED if one.state is State.FAILED else Standing.STOPPED
