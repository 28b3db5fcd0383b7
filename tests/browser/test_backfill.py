"""Sending the current state, in a real browser: asked for twice, then followed to its end."""

import httpx
import pytest
from playwright.async_api import expect

from tests.browser.acting import add
from tests.browser.conftest import Open
from tests.receivers.receiver import Receiver

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_the_page_follows_it_to_its_end_by_itself(
    window: Open, platform: httpx.AsyncClient, receiver: Receiver
) -> None:
    one = await window()
    of = {"reseller": one.reseller.uuid, "type": "COMPANY"}
    changes = [of | {"uuid": f"c{n}", "content": {"name": "Acme"}} for n in range(12)]
    await platform.post("/api/v1/changes", json={"changes": changes})
    await add(one.page, f"https://127.0.0.1:{receiver.port}/backfill")
    await one.page.get_by_role("link", name="/backfill").click()
    await one.page.get_by_text("Send current state").click()
    await one.page.get_by_label("Speed").select_option("10")
    await one.page.get_by_role("button", name="Confirm Send").click()

    await expect(one.page.get_by_text("of 12 records, 10 a second.")).to_be_visible()
    await expect(one.page.get_by_text("Sent 12 records")).to_be_visible()
    assert one.complaints == []
