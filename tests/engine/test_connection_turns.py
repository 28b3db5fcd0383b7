"""Connections are opened in turns, so that no reseller's handshakes fill the event loop."""

import asyncio
from collections.abc import Awaitable

from reseller_webhooks.engine.sending.http1.connection_turns import AT_ONCE, ConnectionTurns

GREEDY, MODEST = 1, 2


async def test_one_reseller_leaves_turns_to_the_next() -> None:
    turns = ConnectionTurns()
    greedy = [turns.take(GREEDY) for _ in range(10 * AT_ONCE)]
    waiting = [turn for turn in greedy if turn is not None]

    assert len(greedy) - len(waiting) == AT_ONCE // 2
    assert turns.waiting == len(waiting)
    assert turns.take(MODEST) is None


async def test_every_turn_comes_whatever_becomes_of_the_connections() -> None:
    turns = ConnectionTurns()
    every = [turns.take(GREEDY) for _ in range(2 * AT_ONCE)]
    await asyncio.wait_for(asyncio.gather(*filter(None, every)), 20)

    assert turns.waiting == 0


async def test_whoever_gives_up_leaves_the_turn_to_others() -> None:
    turns = ConnectionTurns()
    while (first := turns.take(GREEDY)) is None:
        pass
    last = turns.take(GREEDY)
    given_up = asyncio.ensure_future(_wait(first))
    given_up.cancel()
    assert last is not None
    await asyncio.wait_for(last, 20)

    assert turns.waiting == 0


async def _wait(turn: Awaitable[None]) -> None:
    await turn
