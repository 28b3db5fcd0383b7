"""A store adapter that raises what nobody expects: no loop of the engine ends."""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any, ClassVar

from reseller_webhooks.core.deliveries.delivery import State
from reseller_webhooks.core.health.conditions import Condition, ConditionCode, Severity
from reseller_webhooks.observability import registry
from reseller_webhooks.operations.leases import Worker
from reseller_webhooks.supervision import Tasks
from tests.engine.engine_fixture import Make, TellingStore
from tests.receivers.behaviours import answers
from tests.receivers.receiver import WAIT_S, Behaviour, Receiver

METHODS = (
    "changed_webhooks",
    "new_deliveries",
    "due_late_commits",
    "scan",
    "write_results",
    "heartbeat",
    "live_workers",
)
FAULTS = 1
WORKER = Worker("w1", "here", "0", ttl_s=1.0)


class Fault(Exception):
    """A mistake that no adapter maps to an error of the store."""


class FaultyStore(TellingStore):
    """Each of its methods raises as often as `faults` says."""

    faults: ClassVar[Counter[str]] = Counter()


def failing(name: str) -> Any:
    async def call(self: FaultyStore, *given: Any, **named: Any) -> Any:
        if self.faults[name]:
            self.faults[name] -= 1
            raise Fault(name)
        return await getattr(super(FaultyStore, self), name)(*given, **named)

    return call


def failures(task: str) -> float:
    found = registry.get_sample_value("reseller_webhooks_task_failures_total", {"task": task})
    return found or 0.0


for method in METHODS:
    setattr(FaultyStore, method, failing(method))


async def test_every_call_of_the_store_may_raise_anything_and_all_goes_on(
    make: Make, receiving: Callable[[Behaviour], Receiver]
) -> None:
    running = make()
    before = failures("poll")
    async with (
        receiving(answers()) as receiver,
        running.sending(WORKER, FaultyStore) as engine,
    ):
        running.webhook(receiver.url())
        FaultyStore.faults = Counter(dict.fromkeys(METHODS, FAULTS))
        told = 0
        while +FaultyStore.faults:
            told += 1
            running.tell(f"c{told}")
            await running.closed(told)
        found = list(engine.conditions())
        running.tell("last")
        lines = await running.closed(told + 1)

    assert {line.state for line in lines} == {State.DELIVERED}
    assert failures("poll") >= before + 1
    assert {one.severity for one in found if one.code is ConditionCode.TASK_FAILING} == {
        Severity.NOT_READY
    }
    assert not any(one.code is ConditionCode.TASK_ENDED for one in found)


async def test_a_webhook_whose_scan_fails_holds_up_no_other(
    make: Make, receiving: Callable[[Behaviour], Receiver]
) -> None:
    running = make()

    class OneBreaks(TellingStore):
        async def scan(self, asks: Any) -> Any:
            if any(ask.webhook_id == broken.id for ask in asks):
                raise Fault("scan")
            return await super().scan(asks)

    async with receiving(answers()) as receiver:
        broken = running.webhook(receiver.url("/broken"))
        running.webhook(receiver.url("/works"))
        running.tell("c1")  # before the engine starts, so that it is found by scanning
        async with running.sending(WORKER, OneBreaks):
            (request,) = await receiver.received(1)

    assert request.path == "/works"


async def test_a_loop_that_ends_is_told_and_makes_the_process_not_alive() -> None:
    ended: asyncio.Queue[str] = asyncio.Queue()
    tasks = Tasks(ended.put_nowait)

    async def returns() -> None:
        pass

    tasks.spawn("odd", returns)
    async with asyncio.timeout(WAIT_S):
        name = await ended.get()
    found = list(tasks.conditions())
    await tasks.stop()

    assert name == "odd"
    assert found == [Condition(ConditionCode.TASK_ENDED, Severity.NOT_ALIVE, {"task": "odd"})]


async def test_loops_that_are_stopped_are_not_reported() -> None:
    ended: list[str] = []
    tasks = Tasks(ended.append)
    tasks.spawn("endless", asyncio.Event().wait)  # type: ignore[arg-type]
    await tasks.stop()

    assert (ended, list(tasks.conditions())) == ([], [])
