"""Decides what to scan, and when. One dead receiver costs the others nothing.

Every webhook has a lane; only lanes that have room and something to look for are scanned. What
is found there is started by dispatcher.py.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence, Set
from contextlib import AbstractContextManager
from functools import cached_property

import structlog

from reseller_webhooks.clock import SECOND, Micros
from reseller_webhooks.core import circuit as circuits
from reseller_webhooks.core.circuit import Circuit
from reseller_webhooks.core.delivery import Made
from reseller_webhooks.core.notification import Due
from reseller_webhooks.core.webhooks import Webhook
from reseller_webhooks.engine.abandoned import Abandoned
from reseller_webhooks.engine.agenda import Agenda
from reseller_webhooks.engine.courier import Courier
from reseller_webhooks.engine.dispatcher import Dispatcher
from reseller_webhooks.engine.lane import Lane
from reseller_webhooks.engine.lanes import Lanes
from reseller_webhooks.engine.line import Line
from reseller_webhooks.engine.looks import Looks
from reseller_webhooks.engine.ports import Known, Ownership, Store
from reseller_webhooks.engine.recorder import Recorder
from reseller_webhooks.engine.scanner import Scanner
from reseller_webhooks.engine.stock import Stock
from reseller_webhooks.engine.suspicion import Suspicion
from reseller_webhooks.engine.unreadable_secrets import UnreadableSecrets
from reseller_webhooks.operations.sending import Found

SLOTS = 1000
"""Requests under way at once, of all webhooks together."""
LANES_A_SCAN, LATE_A_SCAN = 100, 20
"""Those in time go first, and wait for no more than a short scan of late ones."""
RETRY_SCAN_S = 0.5

log = structlog.get_logger()


class Scheduler:
    """Owns the lanes."""

    def __init__(
        self,
        store: Store,
        courier: Courier,
        recorder: Recorder,
        owner: Ownership,
        *,
        slots: int = SLOTS,
    ) -> None:
        self._owner = owner
        self._store = store
        self._courier = courier
        self._recorder = recorder
        self.may_wait_too_long = asyncio.Event()
        """Set when deliveries may: the store's clock was stepped, or webhooks are new here."""
        self.clock_steps = 0
        """Steps of the store's clock that were noticed."""
        self.lanes = Lanes()
        self._stock = Stock()
        self._hungry, self._hungry_late = Line(), Line()
        self._looks = Looks()
        self._wake = asyncio.Event()
        self._agenda = Agenda(self._wake)
        self._scanner = Scanner(store, self._take_found, self._scan_later)
        self.abandoned = Abandoned(store, courier, owner, self._hunger)
        self._dispatcher = Dispatcher(
            courier,
            recorder,
            owner,
            self._agenda,
            slots=slots,
            hungry=self._hunger,
            resume=self.resume,
            probe_failed=self.abandoned.note_probe,
        )
        self.receiver_clocks = self._dispatcher.receiver_clocks
        self.admission = self._dispatcher.admission

    @property
    def in_flight(self) -> int:
        """Requests under way."""
        return self._dispatcher.in_flight

    @property
    def suspicion(self) -> Suspicion:
        """Of this machine's own network."""
        return self._dispatcher.suspicion

    def learn(self, known: Iterable[Known]) -> None:
        """Webhooks as the store has them now: new, changed or deleted."""
        unreadable = UnreadableSecrets()
        for one in known:
            lane = self.lanes.get(one.id)
            unreadable.note(lane.webhook if lane else None, one.webhook)
            if one.webhook is None:
                if lane:
                    self.lanes.remove(lane)
            elif lane is None:
                self._open(one.webhook, one.circuit, one.revision)
            else:
                lane.revision = one.revision
                if lane.webhook != one.webhook:
                    lane.change(one.webhook)
                    self._tell(lane)
        unreadable.report()

    @property
    def stands_back(self) -> bool:
        """Whether others should rather send, since from here no host can be reached."""
        return self.suspicion.stands_back(self._time())

    async def adopt(self, parts: Collection[int]) -> None:
        """Begin to send for the webhooks of these partitions."""
        async with self.lanes.learning:
            self.learn(await self._store.webhooks(parts))
        self.may_wait_too_long.set()

    def rest(self, parts: Collection[int]) -> None:
        """Start nothing more for the webhooks of these partitions."""
        for lane in self.lanes.of(parts):
            lane.close()

    def drop(self, parts: Collection[int]) -> None:
        """Forget the webhooks of these partitions."""
        for lane in self.lanes.of(parts):
            self.lanes.remove(lane)
            self.suspicion.forget(lane.witness)

    def busy(self, parts: Collection[int]) -> set[int]:
        """Partitions with requests under way, or results not yet written."""
        return {lane.part for lane in self.lanes.of(parts) if lane.held}

    def resume(self) -> None:
        """Go on after a time in which nothing might start."""
        for lane in self.lanes:
            self._hunger(lane)
            self._dispatcher.serve(lane)

    def clock_stepped(self, by: Micros) -> None:
        """The store's clock was stepped: probes wait as long as before."""
        for lane in self.lanes:
            if lane.circuit.is_open:
                lane.circuit = circuits.shifted(lane.circuit, by)
                self._recorder.add_circuit(lane.webhook.id, lane.circuit)
        self.clock_steps += 1
        self.may_wait_too_long.set()

    def looking(self) -> AbstractContextManager[set[int]]:
        """While the store looks for new deliveries; of which results were written meanwhile."""
        return self._looks.begin()

    def bring(self, some: Iterable[Due], asked_at: float, written: Set[int]) -> None:
        """These are new, as the store had it when it was asked, and due.

        written: since it was asked. What came true since is newer than what the store said.
        """
        fresh: dict[int, list[Due]] = {}
        for one in some:
            if one.delivery.id not in written:
                fresh.setdefault(one.delivery.webhook_id, []).append(one)
        at = self._time()
        for webhook_id, due in fresh.items():
            lane = self.lanes.get(webhook_id)
            if lane is None:
                continue
            if lane.born >= asked_at or not lane.take(due, at):
                self._tell(lane)
            self._dispatcher.serve(lane)

    def recall(self, due: Iterable[tuple[int, int]], written: Set[int]) -> None:
        """These are due, each by webhook and number; whoever does not hold one looks for it."""
        told = set()
        for webhook_id, number in due:
            lane = self.lanes.get(webhook_id)
            if lane and number not in lane.held and number not in written:
                told.add(webhook_id)
        self.tell(told)

    def tell(self, webhook_ids: Iterable[int]) -> None:
        """These webhooks have new deliveries."""
        for lane in self.lanes.named(webhook_ids):
            self._tell(lane)

    def look(self, due_in_s: dict[int, float]) -> None:
        """When each webhook's first delivery is due, from a look over the whole store."""
        for lane in self.lanes.named(due_in_s):
            self._look(lane, self._time() + due_in_s[lane.webhook.id])

    def written(self, made: Sequence[Made]) -> None:
        """These results are in the store."""
        now, at = self._courier.world.now(), self._time()
        for one in made:
            lane = self.lanes.get(one.delivery.webhook_id)
            if lane is None or lane.epoch != one.epoch:
                continue  # of an earlier lease: the lane of now may have it under way anew
            lane.written(one.delivery.id)
            self._looks.note(one.delivery.id)
            due_at = one.step.due_at(now)
            if due_at is not None:
                self._look(lane, at + max(0, due_at - now) / SECOND)
            elif lane.look_at <= at:
                self._hunger(lane)
        if self._dispatcher.may_go_on:
            self.resume()

    async def run(self) -> None:
        """Scan and start for ever."""
        self._wake.set()  # after a failure, lanes may wait that nobody wakes it for any more
        while True:
            await self._agenda.wait()
            self._turn_to_due()
            while asks := self._take_hungry():
                await self._scanner.scan(asks)
                self._turn_to_due()

    async def stop(self, patience_s: float) -> None:
        """Start nothing more and wait for what is under way, but no longer than that."""
        await self._dispatcher.stop(patience_s)

    def _open(self, webhook: Webhook, circuit: Circuit, revision: int) -> None:
        epoch = self._owner.epoch(webhook.part)
        if epoch is None:
            return
        hold_s = self._owner.hold_s(webhook.part)
        now, wait_s = self._courier.world.now(), self._courier.policy.waits_s[0]
        circuit = circuits.bounded(circuit, now=now, first_wait_s=wait_s)
        if hold_s and not circuit.is_open:
            circuit = circuits.RAMP  # what a former owner began counts with its receiver too
        start_at = self._time() + hold_s if webhook.is_serial else 0.0
        lane = Lane(
            webhook, circuit, self._stock, epoch=epoch, start_at=start_at, born=self._time()
        )
        lane.revision = revision
        self.lanes.add(lane)
        self._tell(lane)

    def _tell(self, lane: Lane) -> None:
        lane.tell()
        self._hunger(lane)

    def _look(self, lane: Lane, at: float) -> None:
        lane.look(at)
        self._agenda.add(at, lane)

    def _turn_to_due(self) -> None:
        for lane in self._agenda.due(self._time()):
            self._hunger(lane)
            self._dispatcher.serve(lane)

    def _hunger(self, lane: Lane) -> None:
        (self._hungry_late if lane.late else self._hungry).add(lane)
        self._wake.set()

    def _take_hungry(self) -> list[Lane]:
        in_time = self._take_some(self._hungry, LANES_A_SCAN)
        late = self._take_some(self._hungry_late, LATE_A_SCAN)
        return list(dict.fromkeys(in_time + late))  # one that has become late stands in both

    def _take_some(self, hungry: Line, count: int) -> list[Lane]:
        now = self._time()
        some: list[Lane] = []
        for lane in hungry.turns(lambda: len(some) < count):
            if lane.look_at > now:
                self._agenda.add(lane.look_at, lane)  # the note that brought it stood before this
            elif lane.wants:
                some.append(lane)
        return some

    def _scan_later(self, lane: Lane) -> None:
        self._agenda.add(self._time() + RETRY_SCAN_S, lane)

    def _take_found(self, lanes: Sequence[Lane], found: Sequence[Found]) -> None:
        now, wall = self._time(), self._courier.world.now()
        for lane, some in zip(lanes, found, strict=True):
            lane.found(some, now, wall)
            self._agenda.add(lane.look_at, lane)
            self._dispatcher.serve(lane)

    @cached_property
    def _time(self) -> Callable[[], float]:
        # Asking for the running loop costs a system call, and the time is asked for all the time.
        return asyncio.get_running_loop().time
