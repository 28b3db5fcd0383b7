"""A delivery that waits, in a real browser: its page keeps up, and no next attempt is past."""

import httpx
import pytest
from playwright.async_api import Locator, Page, expect

from reseller_webhooks.core.webhooks.webhook_row import WebhookRow
from reseller_webhooks.http.pages import paths
from reseller_webhooks.operations import webhooks
from tests.browser.acting import add
from tests.browser.conftest import Open, Window
from tests.conftest import Running

pytestmark = pytest.mark.asyncio(loop_scope="session")
NOBODY = "https://127.0.0.1:9/nobody"
CONTENT = {"name": "Acme"}


async def refused(one: Window, program: Running, platform: httpx.AsyncClient) -> WebhookRow:
    """The webhook of a delivery that is tried again in a minute; its page is open."""
    await add(one.page, NOBODY)
    change = {"reseller": one.reseller.uuid, "type": "COMPANY", "uuid": "c1", "content": CONTENT}
    await platform.post("/api/v1/changes", json={"changes": [change]})
    await one.to(paths.LOG)
    await expect(one.page.get_by_text("Next attempt")).to_be_visible()
    await one.page.get_by_role("link", name="Company added").click()
    await expect(waiting(one.page)).to_contain_text("Next attempt in ")
    (row,) = webhooks.page(program.database, one.reseller.id, limit=1)
    return row


def waiting(page: Page) -> Locator:
    return page.locator("#waiting")


async def test_a_next_attempt_whose_time_has_come_is_due_and_not_past(
    window: Open, program: Running, platform: httpx.AsyncClient
) -> None:
    one = await window()
    await one.page.clock.install()
    await refused(one, program, platform)
    await one.page.clock.fast_forward("02:00")

    await expect(waiting(one.page)).to_contain_text("Next attempt due now.")


async def test_the_page_of_a_delivery_keeps_up_until_it_is_done(
    window: Open, program: Running, platform: httpx.AsyncClient
) -> None:
    one = await window()
    row = await refused(one, program, platform)
    webhooks.pause(program.database, one.reseller.id, row.uuid)

    await expect(waiting(one.page)).to_contain_text("Waiting: the webhook is paused.")
    webhooks.delete(program.database, one.reseller.id, row.uuid)
    await expect(waiting(one.page)).to_have_count(0)
    await expect(one.page.get_by_role("heading", level=1)).to_contain_text("Cancelled")
    assert one.complaints == []
