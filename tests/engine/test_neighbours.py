"""What one reseller's slow or dead webhooks leave to the others."""

import asyncio
from collections.abc import Callable, Iterator

import pytest

from reseller_webhooks.core.deliveries.delivery import State
from reseller_webhooks.core.deliveries.log import LogLine
from reseller_webhooks.core.webhooks.webhook import ClientCredentialsAuth
from testkit.silent_name_server import SILENT, THREADS, BlockingResolver, SilentNameServer
from tests.engine.engine_fixture import Make
from tests.receivers.behaviours import answers, hangs
from tests.receivers.receiver import HOST, WAIT_S, Behaviour, Receiver

FOR_LONG_S = 2 * WAIT_S
"""Requests that wait so long hold what they hold until after the test."""
SLOTS = 40
Receiving = Callable[[Behaviour], Receiver]


@pytest.fixture
def resolver() -> Iterator[BlockingResolver]:
    with SilentNameServer() as server:
        resolver = BlockingResolver(server.port, patience_s=FOR_LONG_S)
        yield resolver
    resolver.close()


@pytest.mark.parametrize("kind", ["receivers", "token servers"])
async def test_slow_webhooks_of_one_reseller_hold_up_no_other(
    make: Make, receiving: Receiving, kind: str
) -> None:
    running = make(slots=SLOTS, timeout_s=FOR_LONG_S)
    greedy = running.another_reseller("Greedy")
    async with receiving(hangs) as slow, receiving(answers()) as quick:
        for number in range(2 * SLOTS):
            given = {}
            if kind == "token servers":
                token_url = slow.url(f"/token/{number}")
                given["auth"] = ClientCredentialsAuth(
                    token_url=token_url, client_id="a", client_secret="b"
                )
            running.webhook(slow.url(f"/{number}"), reseller=greedy, max_in_flight=10, **given)
        running.webhook(quick.url())
        async with running.sending() as engine:
            running.tell("c1", reseller=greedy)
            await slow.received(SLOTS // 2)
            running.tell("c2")
            lines = await running.closed(1)
            under_way = engine.in_flight

    assert [line.state for line in lines] == [State.DELIVERED]
    assert under_way == SLOTS // 2


async def test_names_of_one_reseller_that_nobody_answers_for_hold_up_no_other(
    make: Make, receiving: Receiving, resolver: BlockingResolver
) -> None:
    running = make(resolve=resolver, timeout_s=FOR_LONG_S)
    greedy = running.another_reseller("Greedy")
    async with receiving(answers()) as quick:
        for number in range(2 * THREADS):
            running.webhook(f"https://{number}{SILENT}/", reseller=greedy)
        running.webhook(quick.url())
        async with running.sending() as engine:
            running.tell("c1", reseller=greedy)
            await running.until(lambda: engine.in_flight >= 2 * THREADS)
            running.tell("c2")
            lines = await running.closed(1)
            waiting = engine.in_flight

    assert [line.state for line in lines] == [State.DELIVERED]
    assert waiting == 2 * THREADS


async def test_the_wait_for_other_lookups_is_no_time_of_the_receiver(
    make: Make, receiving: Receiving
) -> None:
    """The deadline of an attempt is over long before its name's turn comes."""
    answering = asyncio.Event()

    async def resolve(host: str) -> list[str]:
        if host.endswith(SILENT):
            await answering.wait()
        return ["127.0.0.1"]

    running = make(resolve=resolve, timeout_s=0.3, waits_s=(FOR_LONG_S,))
    async with receiving(answers()) as quick:
        for number in range(THREADS):
            running.webhook(f"https://{number}{SILENT}/")
        async with running.sending():
            running.tell("c1")
            await running.until(lambda: _timed_out(running.lines()) == THREADS // 2)
            row = running.webhook(quick.url(host=HOST))
            running.tell("c2")
            await running.until(lambda: _timed_out(running.lines()) == THREADS)
            answering.set()
            lines = await running.closed(1, State.DELIVERED)

    assert [(line.webhook_id, line.attempts) for line in lines] == [(row.id, 1)]


def _timed_out(lines: list[LogLine]) -> int:
    return sum(line.last_reason == "TIMEOUT" for line in lines)
