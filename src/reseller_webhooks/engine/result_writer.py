"""Writes attempt results in batches: results of a few milliseconds share one commit."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence

import structlog

from reseller_webhooks import observability
from reseller_webhooks.core.deliveries.circuits import Circuit
from reseller_webhooks.core.deliveries.delivery import AttemptResult
from reseller_webhooks.core.errors import Unavailable
from reseller_webhooks.core.rules import Rule, implements
from reseller_webhooks.engine.ports import Store
from reseller_webhooks.observability.outages import log_refusal

GATHER_S = 0.025
"""Batching delay: delays no receiver; a crash may repeat this much more."""
LATER_S = 0.25
"""Delay for overdue queues: their results share commits with those of on-time queues."""
BATCH = 500
BACKLOG_MAX = 10_000
"""Unwritten results at which no new attempt starts, while the store does not answer."""

log = structlog.get_logger()


class ResultWriter:
    """Keeps results until the store has them; never drops a result."""

    def __init__(self, store: Store, on_written: Callable[[Sequence[AttemptResult]], None]) -> None:
        self.is_failing = False
        """True if the last write failed."""
        self._store = store
        self._on_written = on_written
        self._waiting: list[AttemptResult] = []
        self._writing = 0
        self._circuits: dict[int, Circuit] = {}
        self._wake_event = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def unwritten(self) -> int:
        """Results that wait to be written."""
        return len(self._waiting)

    @property
    def held_count(self) -> int:
        """Results that wait, including the batch being retried."""
        return len(self._waiting) + self._writing

    @property
    def is_full(self) -> bool:
        """True if so many results wait that no attempt should start."""
        return len(self._waiting) >= BACKLOG_MAX

    def add(self, result: AttemptResult, *, late: bool = False) -> None:
        """Add a result to write; late: one of an overdue queue, which may wait for others."""
        self._waiting.append(result)
        if not late or len(self._waiting) >= BATCH:
            self._wake()
        elif self._timer is None:
            self._idle.clear()
            self._timer = asyncio.get_running_loop().call_later(LATER_S, self._wake)

    def add_circuit(self, webhook_id: int, circuit: Circuit) -> None:
        """Add a changed circuit; only its newest state is written."""
        self._circuits[webhook_id] = circuit
        self._wake()

    async def drained(self) -> None:
        """Wait until everything added so far is written."""
        await self._idle.wait()

    async def run(self) -> None:
        """Write batches forever."""
        while True:
            await self._wake_event.wait()
            if len(self._waiting) < BATCH:
                await asyncio.sleep(GATHER_S)
            batch, circuits = self._take()
            await self._write(batch, circuits)
            _count(batch)
            self._on_written(batch)
            if not self._waiting and not self._circuits:
                self._idle.set()

    def _take(self) -> tuple[list[AttemptResult], dict[int, Circuit]]:
        batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
        circuits, self._circuits = self._circuits, {}
        if not self._waiting:  # otherwise the next batch follows at once
            self._wake_event.clear()
            if self._timer:
                self._timer.cancel()
                self._timer = None
        return batch, circuits

    def _wake(self) -> None:
        self._wake_event.set()
        self._idle.clear()

    async def _write(self, batch: list[AttemptResult], circuits: dict[int, Circuit]) -> None:
        wait_s = 0.1
        while not await self._try_write(batch, circuits):
            self.is_failing, self._writing = True, len(batch)
            await asyncio.sleep(wait_s)
            wait_s = min(wait_s * 2, 5)
        self.is_failing, self._writing = False, 0

    @implements(Rule.REPEAT_WRITES)
    async def _try_write(self, batch: list[AttemptResult], circuits: dict[int, Circuit]) -> bool:
        """Write a batch. Returns whether the store has it; otherwise the write is repeated."""
        try:
            refused = await self._store.write_results(batch, circuits)
        except Unavailable as error:
            log_refusal("results wait for the store", error, results=len(batch))
            return False
        except Exception:
            # A bug; dropping results would send their deliveries again and again.
            log.exception("results cannot be written", count=len(batch))
            return False
        observability.refused_total.inc(refused)
        return True


def _count(batch: Sequence[AttemptResult]) -> None:
    for outcome, count in Counter(result.attempt.outcome for result in batch).items():
        observability.attempts_total.labels(outcome).inc(count)
    for result in batch:
        observability.attempt_seconds.observe(result.attempt.ms / 1000)
