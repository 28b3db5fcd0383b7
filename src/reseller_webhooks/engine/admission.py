"""Admission: which lane gets a slot, and who waits for one.

Lanes in time and late ones wait in lines of their own. With a single line, after a day on which
nothing was sent, everybody's new notifications would stand behind the backlogs of all others.
"""

import asyncio
from collections.abc import Callable, Iterator
from itertools import chain

from reseller_webhooks.engine.budget import SLACK_S, Budget
from reseller_webhooks.engine.lane import Lane
from reseller_webhooks.engine.line import Line
from reseller_webhooks.engine.slots import Slots


class Admission:
    """Owns the slots. serve: told of late lanes that may have one now. Instants are the loop's."""

    def __init__(
        self, slots: int, cpu_s: Callable[[], float], serve: Callable[[Lane], None]
    ) -> None:
        self._slots = Slots(slots)
        self._budget = Budget(cpu_s)
        self._serve = serve
        self._in_time, self._late = Line(), Line()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def in_use(self) -> int:
        """Requests under way."""
        return self._slots.in_use

    def admits(self, lane: Lane, at: float) -> bool:
        """Whether there is a slot for the lane; if not, it waits for its turn."""
        if self._may_send(lane, at) and self._slots.are_free_for(lane):
            return True
        if lane.late:
            self._late.add(lane)
            self._wait_for_budget(at)
        else:
            self._in_time.add(lane)
        return False

    def keeps(self, lane: Lane, at: float) -> bool:
        """Whether a lane may use a slot that it has once more."""
        if not self._may_send(lane, at):
            return False
        return not self._slots.are_many(lane) or not self._others_wait(lane, at)

    def take(self) -> None:
        """A slot is taken by a lane that was admitted."""
        self._slots.take()

    def give_back(self) -> None:
        """A slot is free again."""
        self._slots.give_back()

    def started(self, at: float, *, late: bool) -> None:
        """A slot that was taken serves a delivery."""
        self._budget.started(at, late=late)
        self._slots.started(late=late)

    def ended(self, *, late: bool) -> None:
        """It serves it no more, and perhaps another, or is given back."""
        self._slots.ended(late=late)

    def turns(self, at: float) -> Iterator[Lane]:
        """Lanes that wait, each once, as long as there is a slot for it."""
        in_time = self._in_time.turns(self._slots.are_free)
        if not self._late:
            return in_time
        late = self._late_turns(at)
        # Beside others, what is late has little to take, and that it gets. Alone it could keep
        # all slots for ever from whoever comes and is in time.
        return chain(in_time, late) if self._budget.is_alone(at) else chain(late, in_time)

    def _late_turns(self, at: float) -> Iterator[Lane]:
        slots, budget = self._slots, self._budget
        return self._late.turns(lambda: slots.are_free_for_late() and budget.is_open(at))

    def _may_send(self, lane: Lane, at: float) -> bool:
        return not lane.late or self._budget.is_open(at)

    def _others_wait(self, lane: Lane, at: float) -> bool:
        return self._in_time.has_others(lane) or (
            self._late.has_others(lane) and self._budget.is_open(at)
        )

    def _wait_for_budget(self, at: float) -> None:
        if self._timer is None:
            then = max(self._budget.open_at(at), at + SLACK_S)
            self._timer = asyncio.get_running_loop().call_at(then, self._tick)

    def _tick(self) -> None:
        self._timer = None
        at = asyncio.get_running_loop().time()
        for lane in self._late_turns(at):
            self._serve(lane)
        if self._late:
            self._wait_for_budget(at)
