"""The demo's page is rendered on one thread while notifications arrive on another."""

import asyncio
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route

from reseller_webhooks.bootstrap.serving import listening
from reseller_webhooks.demo.accounts import Accounts
from reseller_webhooks.demo.page import ReceiverPage
from reseller_webhooks.demo.platform import Platform
from reseller_webhooks.demo.receiver import KEPT, DemoReceiver

NOTIFICATION = {"resource": {"type": "INVOICE", "uuid": "i1", "content": {"n": list(range(50))}}}
SENT, SHOWN = 320, 16


@contextmanager
def _serving(app: Starlette) -> Iterator[str]:
    """The URL of an application on a thread of its own, as `demo/run.py` does it."""
    with listening("127.0.0.1", 0) as place:
        config = uvicorn.Config(app, log_level="critical", lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [place]}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{place.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(timeout=5)


async def _send(client: httpx.AsyncClient, url: str) -> list[int]:
    answers = [await client.post(url, json=NOTIFICATION) for _ in range(SENT // 4)]
    return [one.status_code for one in answers]


async def _show(client: httpx.AsyncClient, url: str) -> list[int]:
    return [(await client.get(url)).status_code for _ in range(SHOWN)]


@pytest.fixture
def frequent_thread_switches() -> Iterator[None]:
    """Threads take turns every 10 µs rather than every 5 ms, so that a race shows itself."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("frequent_thread_switches")
async def test_the_page_is_shown_while_notifications_arrive() -> None:
    receiver = DemoReceiver()
    hook = Starlette(routes=[Route("/{path:path}", receiver.take, methods=["POST"])])
    accounts = Accounts("r", "p", "k", is_new=False)
    platform = Platform("http://127.0.0.1:1", "http://127.0.0.1:1", accounts)
    page = ReceiverPage(
        receiver, platform, target="https://127.0.0.1/hook", pages="http://127.0.0.1:1"
    )
    with _serving(hook) as target, _serving(page.asgi()) as shown:
        async with httpx.AsyncClient(timeout=30) as client:
            shows = asyncio.create_task(_show(client, shown + "/"))
            sends = [_send(client, target + "/hook") for _ in range(4)]
            sent = [status for one in await asyncio.gather(*sends) for status in one]
            statuses = await shows

    assert set(statuses) == {200}
    assert set(sent) == {204}
    assert (receiver.count, len(receiver.snapshot().arrivals)) == (SENT, KEPT)
