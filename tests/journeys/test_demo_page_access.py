"""Who gets at the demo receiver's page: this machine, and holders of the printed address."""

import httpx
import pytest

from reseller_webhooks.demo.page import ReceiverPage
from reseller_webhooks.demo.page_access import PageAccess, is_loopback
from reseller_webhooks.demo.receiver import DemoReceiver

KEY = "k" * 43


def browser(key: str, host: str = "127.0.0.1:8002") -> httpx.AsyncClient:
    page = ReceiverPage(DemoReceiver(), None, target="https://127.0.0.1/hook", pages="http://x")  # type: ignore[arg-type]
    transport = httpx.ASGITransport(PageAccess(page.asgi(), key=key))
    return httpx.AsyncClient(transport=transport, base_url=f"http://{host}")


async def test_on_loopback_the_page_needs_no_key_and_no_foreign_name() -> None:
    assert (await browser("").get("/")).status_code == 200
    assert (await browser("", "localhost").get("/")).status_code == 200
    assert (await browser("", "evil.example").get("/")).status_code == 421


@pytest.mark.parametrize("path", ["/", "/count", f"/?key={'x' * 43}", "/app.css"])
async def test_from_elsewhere_nothing_is_shown_without_the_key(path: str) -> None:
    answer = await browser(KEY, "192.0.2.7:8002").get(path)

    assert answer.status_code == 403
    assert "Receiver page" in answer.text


async def test_from_elsewhere_nothing_is_changed_without_the_key() -> None:
    answer = await browser(KEY, "192.0.2.7:8002").post("/mood", data={"mood": "answers 503"})

    assert answer.status_code == 403


async def test_the_printed_address_lets_in_and_the_key_leaves_the_address() -> None:
    visitor = browser(KEY, "192.0.2.7:8002")
    entered = await visitor.get(f"/?key={KEY}")

    assert (entered.status_code, entered.headers["location"]) == (303, "/")
    assert "httponly" in entered.headers["set-cookie"].lower()
    assert (await visitor.get("/")).status_code == 200


def test_only_loopback_is_this_machine_alone() -> None:
    hosts = ("127.0.0.1", "127.9.9.9", "::1", "localhost", "0.0.0.0", "::", "demo")  # noqa: S104

    assert [is_loopback(host) for host in hosts] == [True] * 4 + [False] * 3
