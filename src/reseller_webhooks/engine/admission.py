"""Admission: which lane gets a slot, and in what sequence lanes wait for one.

Lanes in time and overdue ones wait in queues of their own. With a single queue, after a day on
which nothing was sent, everybody's new notifications would stand behind the backlogs of all others.
"""

import asyncio
from collections.abc import Callable, Iterator
from itertools import chain

from reseller_webhooks import observability
from reseller_webhooks.engine.budget import SLACK_S, Budget
from reseller_webhooks.engine.fair_shares import FairQueue
from reseller_webhooks.engine.lane import Lane
from reseller_webhooks.engine.slots import Slots
from reseller_webhooks.engine.start_quota import StartQuota


class Admission:
    """Owns the slots. serve: called with lanes that may have one now. Instants are the loop's."""

    def __init__(
        self, slots: int, cpu_s: Callable[[], float], serve: Callable[[Lane], None]
    ) -> None:
        self.slots = Slots(slots)
        self._budget = Budget(cpu_s)
        self._quota = StartQuota(self._serve_waiting)
        self._serve = serve
        self._in_time, self._late = self._queue(), self._queue()
        self._timer: asyncio.TimerHandle | None = None

    def export(self) -> None:
        """Show who holds slots and who waits for one, as metrics."""
        slots = self.slots
        observability.delivery_slots.set(slots.count)
        observability.largest_reseller_share.set_function(lambda: slots.largest / slots.count)
        observability.resellers_sending.set_function(lambda: slots.holders)
        observability.resellers_waiting.set_function(lambda: self.resellers_waiting)
        observability.webhooks_waiting.set_function(lambda: self.lanes_waiting)

    @property
    def lanes_waiting(self) -> int:
        """Lanes that have something to send and no slot for it."""
        return len(self._in_time) + len(self._late)

    @property
    def resellers_waiting(self) -> int:
        """Resellers with a lane that waits."""
        return len(self._in_time.resellers | self._late.resellers)

    def admits(self, lane: Lane, at: float) -> bool:
        """Whether there is a slot for the lane; if not, it waits for its turn."""
        if not self._quota.is_spent and self._may_send(lane, at) and self.slots.are_free_for(lane):
            return True
        self.wait(lane, at)
        return False

    def wait(self, lane: Lane, at: float) -> None:
        """The lane takes part in the turns."""
        if lane.late:
            self._late.add(lane)
            self._wait_for_budget(at)
        else:
            self._in_time.add(lane)

    def keeps(self, lane: Lane, at: float) -> bool:
        """Whether a lane whose request has ended may use its slot once more."""
        if self._quota.is_spent or not self._may_send(lane, at):
            return False
        if self._late and self._budget.is_open(at) and not self._late.keeps(lane):
            return False
        return self._in_time.keeps(lane)

    def take(self, lane: Lane) -> None:
        """A lane that was admitted takes a slot."""
        self.slots.take(lane.webhook.reseller_id)

    def give_back(self, lane: Lane) -> None:
        """The slot of a lane is free again."""
        self.slots.give_back(lane.webhook.reseller_id)
        self._note_less(lane)

    def started(self, lane: Lane, body_bytes: int, at: float) -> None:
        """A slot that was taken serves a delivery of the lane."""
        self._quota.spend(body_bytes)
        self._budget.started(at, late=lane.late)
        self.slots.started(lane.webhook.reseller_id, body_bytes, late=lane.late)

    def ended(self, lane: Lane, body_bytes: int, *, late: bool) -> None:
        """It serves that delivery no more, and perhaps another, or is given back.

        late: what the lane was when it started.
        """
        if self.slots.ended(lane.webhook.reseller_id, body_bytes, late=late):
            self._note_less(lane)
            asyncio.get_running_loop().call_soon(self._serve_waiting)

    def turns(self, at: float) -> Iterator[Lane]:
        """Lanes that wait and may have a slot now. One that wants more waits again."""
        in_time = self._in_time.turns(self._is_open)
        if not self._late:
            return in_time
        late = self._late_turns(at)
        # Beside others, what is late has little to take, and that it gets. Alone it could keep
        # all slots for ever from whoever comes and is in time.
        return chain(in_time, late) if self._budget.is_alone(at) else chain(late, in_time)

    def _note_less(self, lane: Lane) -> None:
        self._in_time.lowered(lane)
        self._late.lowered(lane)

    def _queue(self) -> FairQueue[Lane]:
        return FairQueue(
            self.slots, lambda lane: lane.webhook.reseller_id, lambda lane: lane.in_flight
        )

    def _is_open(self) -> bool:
        return not self._quota.is_spent

    def _late_turns(self, at: float) -> Iterator[Lane]:
        slots, budget = self.slots, self._budget
        return self._late.turns(
            lambda: self._is_open() and slots.are_free_for_late() and budget.is_open(at)
        )

    def _may_send(self, lane: Lane, at: float) -> bool:
        return not lane.late or self._budget.is_open(at)

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

    def _serve_waiting(self) -> None:
        for lane in self.turns(asyncio.get_running_loop().time()):
            self._serve(lane)
