"""HEAD requests, and event streams whose connection is closed."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.responses import StreamingResponse
from starlette.types import Message

from reseller_webhooks.core.access.permissions import Role
from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.http.pages import paths
from reseller_webhooks.operations import authentication, users
from tests.behind_edge import behind_edge
from tests.conftest import Running


async def test_asking_only_for_the_head_of_a_sign_in_link_does_not_use_it_up(
    running: Running, nobody: httpx.AsyncClient, northwind: Reseller
) -> None:
    link = users.add(running.database, "ana@acme.example", Role.ADMIN, northwind.uuid)
    path = f"{paths.SIGN_IN}/{link}"

    head = await nobody.head(path)

    assert (head.status_code, head.content) == (200, b"")
    assert authentication.owner_of_link(running.database, link).email == "ana@acme.example"


@pytest.mark.parametrize("path", ["/healthz", "/docs", "/asyncapi.json", paths.SIGN_IN])
async def test_what_answers_get_answers_head(nobody: httpx.AsyncClient, path: str) -> None:
    head, get = await nobody.head(path), await nobody.get(path)

    assert (head.status_code, head.content) == (get.status_code, b"")
    assert head.headers["content-type"] == get.headers["content-type"]


async def test_a_live_view_ends_quietly_when_the_server_finds_the_connection_closed() -> None:
    ended = asyncio.Event()

    async def news() -> AsyncIterator[str]:
        try:
            while True:
                yield ": still there\n\n"
                await asyncio.sleep(0)
        finally:
            ended.set()

    async def never() -> Message:
        return await asyncio.get_running_loop().create_future()

    async def send(message: Message) -> None:
        if message["type"] == "http.response.body":  # In uvloop's words.
            raise RuntimeError("unable to perform operation on <TCPTransport closed=True>")

    view = StreamingResponse(news(), media_type="text/event-stream")
    scope = {"type": "http", "method": "GET", "path": "/news", "query_string": b"", "headers": []}
    async with asyncio.timeout(10):
        await behind_edge(view)(scope, never, send)
        await ended.wait()
