"""A body has to come to its end in time; whatever follows it may take as long as it likes."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reseller_webhooks.http.edge import exchange
from tests.behind_edge import behind_edge

SCOPE = {"type": "http", "method": "POST", "path": "/form", "query_string": b"", "headers": []}
WITHIN_S = 0.05
PART: Message = {"type": "http.request", "body": b"a", "more_body": True}
LAST: Message = {"type": "http.request", "body": b"b", "more_body": False}
GONE: Message = {"type": "http.disconnect"}


@pytest.fixture(autouse=True)
def short_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "BODY_WITHIN_S", WITHIN_S)


def coming(messages: AsyncIterator[Message]) -> Receive:
    async def receive() -> Message:
        return await anext(messages)

    return receive


async def answers(app: ASGIApp, receive: Receive) -> list[Message]:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async with asyncio.timeout(10):
        await behind_edge(app)(SCOPE, receive, send)
    return sent


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    await Response(await Request(scope, receive).body())(scope, receive, send)


@pytest.mark.parametrize("first", [[], [PART]])
async def test_a_body_that_does_not_end_is_given_up(first: list[Message]) -> None:
    async def never() -> AsyncIterator[Message]:
        for one in first:
            yield one
        await asyncio.get_running_loop().create_future()

    start, body = await answers(echo, coming(never()))

    assert start["status"] == 408
    assert (b"connection", b"close") in start["headers"]
    assert b"within" in body["body"]


async def test_a_body_that_ends_is_read() -> None:
    async def parts() -> AsyncIterator[Message]:
        yield PART
        yield LAST

    start, body = await answers(echo, coming(parts()))

    assert (start["status"], body["body"]) == (200, b"ab")


async def test_who_has_sent_all_may_be_waited_for() -> None:
    async def late() -> AsyncIterator[Message]:
        yield LAST
        await asyncio.sleep(2 * WITHIN_S)
        yield GONE

    async def until_gone(scope: Scope, receive: Receive, send: Send) -> None:
        assert await receive() == LAST
        assert await receive() == GONE
        await Response(b"seen")(scope, receive, send)

    start, body = await answers(until_gone, coming(late()))

    assert (start["status"], body["body"]) == (200, b"seen")
