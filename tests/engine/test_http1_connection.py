"""What happens when a request is given up in the very moment that something else happens."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from reseller_webhooks.clock import monotonic_s
from reseller_webhooks.engine.sending.http1.connection import Http1Connection
from reseller_webhooks.engine.sending.http1.pool import Pool
from reseller_webhooks.engine.sending.http1.request import Origin, origin_of_url, request_bytes
from reseller_webhooks.engine.sending.http1.ssrf_guard import AddressGuard
from reseller_webhooks.engine.sending.http1.tls import tls_context
from tests.receivers import behaviours as does
from tests.receivers.authority import Authority
from tests.receivers.receiver import HOST, WAIT_S, Receiver, everything_is_here
from tests.receivers.talking import ALLOWED


class Hasty(Pool):
    """A pool in which a task is cancelled as a connection opens, or as its answer is there.

    over: the connections that can carry no more requests.
    """

    at_open: asyncio.Task[object] | None = None
    at_answer: asyncio.Task[object] | None = None

    def __init__(self, ca_file: Path) -> None:
        guard = AddressGuard(ALLOWED, everything_is_here)
        context = tls_context(ca_file)
        super().__init__(guard, tls=lambda: context, kept=10)
        self.over: list[Http1Connection] = []

    def connection_opened(self, connection: Http1Connection) -> None:
        super().connection_opened(connection)
        if self.at_open is not None:
            self.at_open.cancel()

    def connection_idle(self, connection: Http1Connection) -> None:
        super().connection_idle(connection)
        if self.at_answer is not None:
            self.at_answer.cancel()

    def connection_ended(self, connection: Http1Connection) -> None:
        super().connection_ended(connection)
        self.over.append(connection)


@pytest.fixture
async def pool(ca_file: Path) -> AsyncIterator[Hasty]:
    pool = Hasty(ca_file)
    yield pool
    await pool.close()


def soon() -> float:
    return monotonic_s() + WAIT_S


def post(target: Origin) -> bytes:
    return request_bytes(target, {}, b"{}")


async def test_one_that_gives_up_as_its_answer_comes_leaves_the_connection_to_the_next(
    pool: Hasty, authority: Authority
) -> None:
    async with Receiver(does.echoes, tls=authority.serves(HOST)) as receiver:
        target = origin_of_url(receiver.url("/next"))
        connection = await pool.open(target, soon())
        pool.at_answer = asyncio.create_task(connection.request(post(target), soon()))
        await asyncio.wait([pool.at_answer])
        given_up, pool.at_answer = pool.at_answer, None
        kept = pool.take(target)
        answer = await connection.request(post(target), soon())

    assert given_up.cancelled()
    assert kept is connection
    assert answer.body == b"/next"


async def test_one_that_gives_up_as_its_connection_opens_leaves_none_behind(
    pool: Hasty, authority: Authority
) -> None:
    async with Receiver(does.hangs, tls=authority.serves(HOST)) as receiver:
        pool.at_open = asyncio.create_task(pool.open(origin_of_url(receiver.url()), soon()))
        await asyncio.wait([pool.at_open])

        assert pool.at_open.cancelled()
        assert len(pool.over) == 1


async def test_a_connection_that_opens_after_the_end_is_closed(
    pool: Hasty, authority: Authority
) -> None:
    async with Receiver(does.hangs, tls=authority.serves(HOST)) as receiver:
        await pool.close()
        late = await pool.open(origin_of_url(receiver.url()), soon())
        await asyncio.wait([late.closed], timeout=WAIT_S)

    assert late.closed.done()
    assert pool.over == [late]
