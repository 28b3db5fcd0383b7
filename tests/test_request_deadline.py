"""Requests are answered in time, whatever the application waits for."""

import asyncio

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reseller_webhooks.http.edge import exchange
from reseller_webhooks.http.edge.exchange import waiting_for_peer
from tests.behind_edge import behind_edge

SCOPE: Scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": []}
WITHIN_S = 0.05


@pytest.fixture(autouse=True)
def short_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "RESPONSE_WITHIN_S", WITHIN_S)


async def answered(app: ASGIApp, *body: float) -> list[Message]:
    """What was sent. body: its parts, by how long each takes to come."""
    sent: list[Message] = []
    parts = list(body)

    async def receive() -> Message:
        if not parts:
            await asyncio.Event().wait()
        await asyncio.sleep(parts.pop(0))
        return {"type": "http.request", "body": b"x", "more_body": bool(parts)}

    async def send(message: Message) -> None:
        sent.append(message)

    await behind_edge(app)(SCOPE, receive, send)
    return sent


def status(sent: list[Message]) -> list[int]:
    return [one["status"] for one in sent if one["type"] == "http.response.start"]


async def test_an_application_that_hangs_is_answered_for_and_what_it_awaits_is_taken_back() -> None:
    ended = asyncio.Event()

    async def hangs(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    assert status(await answered(hangs)) == [503]
    assert ended.is_set()


async def test_an_application_that_is_late_is_not_heard_any_more() -> None:
    async def late(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await PlainTextResponse("mine")(scope, receive, send)

    assert status(await answered(late)) == [503]


async def test_a_body_may_take_longer() -> None:
    async def reads(scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive())["more_body"]:
            pass
        await PlainTextResponse("read")(scope, receive, send)

    assert status(await answered(reads, *[WITHIN_S] * 4)) == [200]


async def test_an_answer_that_has_begun_may_take_longer() -> None:
    async def streams(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await asyncio.sleep(WITHIN_S * 3)
        await send({"type": "http.response.body", "body": b"end"})

    sent = await answered(streams)

    assert status(sent) == [200]
    assert sent[-1]["body"] == b"end"


async def test_what_waits_for_a_receiver_may_take_longer() -> None:
    async def tests(scope: Scope, receive: Receive, send: Send) -> None:
        async with waiting_for_peer():
            await asyncio.sleep(WITHIN_S * 3)
        await PlainTextResponse("tested")(scope, receive, send)

    assert status(await answered(tests)) == [200]
