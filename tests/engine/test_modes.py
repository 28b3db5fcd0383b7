"""How a webhook wants it: order, latest states, so many at once or a second, paused."""

import asyncio
from collections.abc import Callable

from reseller_webhooks.core.deliveries.delivery import State
from reseller_webhooks.core.messages.attempts import REPLACED
from reseller_webhooks.core.webhooks.settings import Mode
from reseller_webhooks.core.webhooks.webhook import SpecPatch
from reseller_webhooks.operations import webhooks
from tests.engine.engine_fixture import Make, ids
from tests.receivers.behaviours import answers, by_turns, when
from tests.receivers.receiver import Behaviour, Receiver


async def test_no_more_requests_are_under_way_than_the_webhook_allows(
    make: Make, receiving: Callable[[Behaviour], Receiver]
) -> None:
    running = make()
    go = asyncio.Event()
    async with receiving(when(go, answers())) as receiver, running.sending():
        running.webhook(receiver.url(), max_in_flight=3)
        running.tell(*(f"c{i}" for i in range(20)))
        await receiver.received(3)
        await running.until(lambda: running.engines[0].in_flight == 3)
        waiting = len(receiver.requests)
        go.set()
        await receiver.received(20)

    assert waiting == 3
    assert receiver.connections <= 3


async def test_ordered_versions_of_a_resource_never_start_out_of_order(
    make: Make, receiving: Callable[[Behaviour], Receiver]
) -> None:
    running = make()
    flaky = by_turns([500, 200, 500, 200])
    async with receiving(flaky) as receiver, running.sending():
        running.webhook(receiver.url(), ordered=True)
        sent = [running.tell("c1", version=version)[0] for version in range(1, 9)]
        await running.closed(8)

    firsts = list(dict.fromkeys(ids(receiver.requests)))
    assert firsts == sent


async def test_a_paused_webhook_gets_nothing_until_it_is_resumed(
    make: Make, receiving: Callable[[Behaviour], Receiver]
) -> None:
    running = make()
    async with receiving(answers()) as receiver, receiving(answers()) as other:
        row = running.webhook(receiver.url())
        running.webhook(other.url())
        webhooks.pause(running.database, running.reseller, row.uuid)
        async with running.sending():
            running.tell("c1", "c2")
            await running.closed(2)
            before = len(receiver.requests)
            webhooks.resume(running.database, running.reseller, row.uuid)
            running.poke()
            await receiver.received(2)

    assert before == 0


async def test_a_rate_is_not_exceeded(
    make: Make, receiving: Callable[[Behaviour], Receiver]
) -> None:
    running = make()
    async with receiving(answers()) as receiver, running.sending():
        running.webhook(receiver.url(), rate_per_second=50)
        running.tell(*(f"c{i}" for i in range(15)))
        lines = await running.closed(15)

    started = sorted(running.details(line).attempts[0].at for line in lines)
    assert started[-1] - started[0] >= 14 * 20_000 * 0.95


async def test_a_rate_that_is_lifted_holds_nothing_back_any_more(
    make: Make, receiving: Callable[[Behaviour], Receiver]
) -> None:
    running = make()
    async with receiving(answers()) as receiver, running.sending():
        row = running.webhook(receiver.url(), rate_per_second=0.01)
        running.tell("c1", "c2")
        await running.closed(1)
        patch = SpecPatch(rate_per_second=None)
        webhooks.change(running.database, running.box, running.reseller, row.uuid, patch)
        running.poke()
        lines = await running.closed(2)

    assert len(lines) == 2


async def test_who_wants_latest_states_gets_the_newest_of_those_that_waited(
    make: Make, receiving: Callable[[Behaviour], Receiver]
) -> None:
    running, released = make(), asyncio.Event()
    async with receiving(when(released, answers())) as receiver, running.sending():
        running.webhook(receiver.url(), mode=Mode.LATEST_STATE)
        (first,) = running.tell("c1", version=1)
        await receiver.received(1)
        later = [running.tell("c1", version=version)[0] for version in (2, 3, 4)]
        released.set()
        await running.closed(1, State.DELIVERED)

    assert ids(receiver.requests) == [first, later[-1]]
    superseded = running.lines(State.SUPERSEDED)
    assert [line.version for line in superseded] == [3, 2, 1]
    assert running.details(superseded[0]).attempts[-1].message == REPLACED()


async def test_a_state_that_failed_is_not_sent_again_once_there_is_a_newer_one(
    make: Make, receiving: Callable[[Behaviour], Receiver]
) -> None:
    running = make(waits_s=(60.0,))
    async with receiving(by_turns([503, 200])) as receiver, running.sending():
        running.webhook(receiver.url(), mode=Mode.LATEST_STATE)
        (old,) = running.tell("c1", version=1)
        await receiver.received(1)
        (new,) = running.tell("c1", version=2)
        await running.closed(1, State.DELIVERED)

    assert ids(receiver.requests) == [old, new]
    assert [line.version for line in running.lines(State.SUPERSEDED)] == [1]
