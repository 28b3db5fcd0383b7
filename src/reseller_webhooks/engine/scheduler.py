"""Decides what to scan and what to start. One dead receiver costs the others nothing.

Every webhook has a lane; only lanes that have room and something to look for are scanned. A slot
is one request under way; slots are few, so a lane that holds many gives way to lanes that wait.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cached_property, partial

import structlog

from reseller_webhooks.clock import SECOND
from reseller_webhooks.core import circuit as circuits
from reseller_webhooks.core.circuit import Circuit
from reseller_webhooks.core.delivery import Made
from reseller_webhooks.core.errors import Unavailable
from reseller_webhooks.core.notification import Due
from reseller_webhooks.core.webhooks import Mode, Webhook
from reseller_webhooks.engine.agenda import Agenda
from reseller_webhooks.engine.courier import Courier, Overtaken
from reseller_webhooks.engine.lane import Lane
from reseller_webhooks.engine.lanes import Lanes
from reseller_webhooks.engine.ports import Known, Ownership, Store
from reseller_webhooks.engine.recorder import Recorder
from reseller_webhooks.engine.slots import Slots
from reseller_webhooks.engine.suspicion import PROBE_EVERY_S, Suspicion

SLOTS = 1000
"""Requests under way at once, of all webhooks together."""
LANES_A_SCAN = 100
RETRY_SCAN_S = 0.5

log = structlog.get_logger()


class Scheduler:
    """Owns the lanes and the slots."""

    def __init__(
        self,
        store: Store,
        courier: Courier,
        recorder: Recorder,
        owner: Ownership,
        *,
        slots: int = SLOTS,
    ) -> None:
        self.suspicion = Suspicion(self.resume)
        self._owner = owner
        self._store = store
        self._courier = courier
        self._recorder = recorder
        self._slots = Slots(slots)
        self._lanes = Lanes()
        self._hungry: dict[Lane, None] = {}
        self._wake = asyncio.Event()
        self._agenda = Agenda(self._wake)
        self._running: set[asyncio.Task[None]] = set()
        self._stopping = False
        self._stalled = False

    @property
    def in_flight(self) -> int:
        """Requests under way."""
        return self._slots.in_use

    @property
    def circuits_open(self) -> int:
        """Webhooks that only get probes at present."""
        return sum(lane.circuit.is_open for lane in self._lanes)

    def learn(self, known: Iterable[Known]) -> None:
        """Webhooks as the store has them now: new, changed or deleted."""
        for one in known:
            lane = self._lanes.get(one.id)
            if one.webhook is None:
                if lane:
                    self._lanes.remove(lane)
            elif lane is None:
                self._open(one.webhook, one.circuit)
            elif lane.webhook != one.webhook:
                lane.change(one.webhook)
                self._tell(lane)

    @property
    def stands_back(self) -> bool:
        """Whether others should rather send, since from here no host can be reached."""
        return self.suspicion.stands_back(self._time())

    async def adopt(self, parts: Collection[int]) -> None:
        """Begin to send for the webhooks of these partitions."""
        self.learn(await self._store.webhooks(0, parts))

    def rest(self, parts: Collection[int]) -> None:
        """Start nothing more for the webhooks of these partitions."""
        for lane in self._lanes.of(parts):
            lane.close()

    def drop(self, parts: Collection[int]) -> None:
        """Forget the webhooks of these partitions."""
        for lane in self._lanes.of(parts):
            self._lanes.remove(lane)

    def busy(self, parts: Collection[int]) -> set[int]:
        """Partitions with requests under way, or results not yet written."""
        return {lane.part for lane in self._lanes.of(parts) if lane.held}

    def resume(self) -> None:
        """Go on after a time in which nothing might start."""
        for lane in self._lanes:
            self._hunger(lane)
            self._serve(lane)

    def tell(self, webhook_ids: Iterable[int]) -> None:
        """These webhooks have new deliveries."""
        for lane in self._lanes.named(webhook_ids):
            self._tell(lane)

    def look(self, due_in_s: dict[int, float]) -> None:
        """When each webhook's first delivery is due, from a look over the whole store."""
        for lane in self._lanes.named(due_in_s):
            self._look(lane, self._time() + due_in_s[lane.webhook.id])

    def written(self, made: Sequence[Made]) -> None:
        """These results are in the store."""
        now, at = self._courier.world.now(), self._time()
        for one in made:
            lane = self._lanes.get(one.delivery.webhook_id)
            if lane is None or lane.epoch != one.epoch:
                continue  # of an earlier lease: the lane of now may have it under way anew
            lane.written(one.delivery.id)
            if one.step.next_at is not None:
                self._look(lane, at + max(0, one.step.next_at - now) / SECOND)
            elif lane.look_at <= at:
                self._hunger(lane)
        if self._stalled and not self._recorder.is_full:
            self.resume()

    async def run(self) -> None:
        """Scan and start for ever."""
        while True:
            await self._agenda.wait()
            for lane in self._agenda.due(self._time()):
                self._hunger(lane)
                self._serve(lane)
            while asks := self._take_hungry():
                await self._scan(asks)

    async def stop(self, patience_s: float) -> None:
        """Start nothing more and wait for what is under way, but no longer than that."""
        self._stopping = True
        if self._running:
            await asyncio.wait(self._running, timeout=patience_s)
        for task in list(self._running):
            task.cancel()

    def _open(self, webhook: Webhook, circuit: Circuit) -> None:
        epoch = self._owner.epoch(webhook.part)
        if epoch is None:
            return
        hold_s = self._owner.hold_s(webhook.part)
        if hold_s and not circuit.is_open:
            circuit = circuits.RAMP  # what a former owner began counts with its receiver too
        serial = webhook.ordered or webhook.mode is Mode.LATEST_STATE
        start_at = self._time() + hold_s if serial else 0.0
        lane = Lane(webhook, circuit, epoch=epoch, start_at=start_at)
        self._lanes.add(lane)
        self._tell(lane)

    def _tell(self, lane: Lane) -> None:
        lane.tell()
        self._hunger(lane)

    def _look(self, lane: Lane, at: float) -> None:
        lane.look(at)
        self._agenda.add(at, lane)

    def _hunger(self, lane: Lane) -> None:
        self._hungry[lane] = None
        self._wake.set()

    def _take_hungry(self) -> list[Lane]:
        now = self._time()
        some: list[Lane] = []
        while self._hungry and len(some) < LANES_A_SCAN:
            lane = next(iter(self._hungry))
            del self._hungry[lane]
            if lane.look_at > now:
                self._agenda.add(lane.look_at, lane)  # the note that brought it stood before this
            elif lane.wants:
                some.append(lane)
        return some

    async def _scan(self, lanes: list[Lane]) -> None:
        try:
            found = await self._store.scan([lane.ask() for lane in lanes])
        except Unavailable as error:
            log.warning("the store was not scanned", reason=str(error))
            for lane in lanes:
                lane.scan_failed()
                self._agenda.add(self._time() + RETRY_SCAN_S, lane)
            return
        now = self._time()
        for lane, some in zip(lanes, found, strict=True):
            lane.found(some, now)
            self._agenda.add(lane.look_at, lane)
            self._serve(lane)

    def _serve(self, lane: Lane) -> None:
        """Start what the lane may start now, and note when it may start more."""
        while self._may_start(lane):
            if not self._slots.take(lane):
                return
            task = asyncio.create_task(self._work(lane, self._start(lane)))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        if lane.ready:
            self._agenda.add(self._held_back_until(lane), lane)

    def _held_back_until(self, lane: Lane) -> float:
        at = self._time()
        if self.suspicion.since is not None:
            return at + PROBE_EVERY_S
        return lane.held_back_until(self._courier.world.now(), at)

    def _may_start(self, lane: Lane) -> bool:
        self._stalled = self._recorder.is_full
        at = self._time()
        if self._stopping or self._stalled or not self._owner.in_time():
            return False
        # Only an open circuit goes by the wall clock.
        now = self._courier.world.now() if lane.circuit.is_open else 0
        return self.suspicion.may_start(at) and lane.can_start(now, at)

    def _start(self, lane: Lane) -> Due:
        at = self._time()
        self.suspicion.started(at)
        return lane.start(at)

    async def _work(self, lane: Lane, due: Due) -> None:
        """Hold a slot: one attempt after the other, as long as it is the lane's turn."""
        try:
            while True:
                await self._attempt(lane, due)
                if not self._may_start(lane) or self._slots.gives_way(lane):
                    break
                due = self._start(lane)
                if lane.circuit.ramp:
                    self._serve(lane)  # a receiver that recovers is allowed more and more
        finally:
            self._slots.give_back()
            self._pass_on(lane)

    async def _attempt(self, lane: Lane, due: Due) -> None:
        try:
            may = partial(self._may_leave, lane)
            made = await self._courier.attempt(lane.webhook, due, lane.part, lane.epoch, may)
            if self._counts(lane, made):
                self._judge(lane, made)
                self._recorder.add(made)
        except Overtaken:
            lane.put_back(due.delivery.id, self._time())
        finally:
            lane.ended()
        if lane.look_at <= self._time() and lane.wants:
            self._hunger(lane)

    def _may_leave(self, lane: Lane) -> bool:
        return self._owner.in_time() and self._owner.epoch(lane.part) == lane.epoch

    def _counts(self, lane: Lane, made: Made) -> bool:
        """Whether an attempt is the receiver's, or came to nothing for a fault of our own."""
        at = self._time()
        if self.suspicion.counts(lane.host, made.attempt, at):
            return True
        lane.put_back(made.delivery.id, at + PROBE_EVERY_S)
        self._agenda.add(at + PROBE_EVERY_S, lane)
        return False

    def _judge(self, lane: Lane, made: Made) -> None:
        before = lane.circuit
        if made.attempt.accepted and before is circuits.CLOSED:
            return
        world = self._courier.world
        wait_s = self._courier.policy.waits_s[0]
        lane.circuit = circuits.after_attempt(
            before, made.attempt, now=world.now(), chance=world.chance(), first_wait_s=wait_s
        )
        turned = lane.circuit.is_open != before.is_open
        if turned:
            state = "opened" if lane.circuit.is_open else "closed"
            log.info(f"circuit {state}", webhook=lane.webhook.uuid, reason=lane.circuit.reason)
        if turned or lane.circuit.probes != before.probes:
            self._recorder.add_circuit(lane.webhook.id, lane.circuit)

    def _pass_on(self, lane: Lane) -> None:
        """A slot is free: lanes that wait go first, then this one, which may start more."""
        for waiting in self._slots.turns():
            self._serve(waiting)
        self._serve(lane)

    @cached_property
    def _time(self) -> Callable[[], float]:
        # Asking for the running loop costs a system call, and the time is asked for all the time.
        return asyncio.get_running_loop().time
