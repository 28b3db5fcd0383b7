"""The event log in a real browser: live without jumping, in the viewer's zone, as curl."""

import re
from uuid import uuid4

import httpx
import pytest
from playwright.async_api import Page, expect

from reseller_webhooks.http.pages import paths
from tests.browser.acting import add
from tests.browser.conftest import PHONE, Open, Window
from tests.conftest import Running
from tests.receivers.receiver import Receiver

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def happen(
    platform: httpx.AsyncClient, one: Window, count: int = 1, name: str = "Acme"
) -> str:
    """So many companies are added; the id of the last."""
    changes = [
        {
            "reseller": one.reseller.uuid,
            "type": "COMPANY",
            "uuid": str(uuid4()),
            "content": {"name": name, "size": "SMALL"},
        }
        for _ in range(count)
    ]
    answer = await platform.post("/api/v1/changes", json={"changes": changes})
    assert answer.status_code == 200
    return str(changes[-1]["uuid"])


async def log_of(one: Window, receiver: Receiver, path: str) -> Page:
    """The event log of a reseller that has a webhook."""
    await add(one.page, receiver.url(path, "127.0.0.1"))
    async with one.page.expect_request("**/log/stream**"):
        await one.to(paths.LOG)
    return one.page


async def test_at_the_top_new_lines_appear_in_place(
    program: Running, window: Open, receiver: Receiver, platform: httpx.AsyncClient
) -> None:
    one: Window = await window()
    page = await log_of(one, receiver, "/live")
    await expect(page.get_by_text("Nothing was sent yet")).to_be_visible()
    uuid = await happen(platform, one)

    row = page.get_by_role("row").filter(has_text=uuid)
    await expect(row).to_contain_text("Successful")
    await expect(page.get_by_role("link", name="All 1")).to_be_visible()
    await expect(page.get_by_role("link", name="Successful 1")).to_be_visible()
    assert one.complaints == []


async def test_who_has_scrolled_is_told_how_many_are_new_and_nothing_moves(
    program: Running, window: Open, receiver: Receiver, platform: httpx.AsyncClient
) -> None:
    one: Window = await window(viewport={"width": 900, "height": 500})
    page = await log_of(one, receiver, "/scrolled")
    await happen(platform, one, 30)
    await expect(page.get_by_text("Successful", exact=True)).to_have_count(30)
    await page.evaluate("scrollTo(0, 900)")
    tenth = page.locator("[data-id]").nth(9)
    await tenth.evaluate("one => { window.before = one.getBoundingClientRect().top; }")
    uuid = await happen(platform, one, 3)
    bar = page.get_by_role("link", name="3 new")

    await expect(bar).to_be_visible()
    assert await tenth.evaluate("one => one.getBoundingClientRect().top - window.before") == 0
    assert await one.overflow() == 0
    await expect(page.get_by_text(uuid)).to_have_count(0)
    await bar.click()
    await expect(page.get_by_text(uuid)).to_be_visible()
    assert one.complaints == []


async def test_an_older_page_stays_and_tells_what_is_new(
    program: Running, window: Open, receiver: Receiver, platform: httpx.AsyncClient
) -> None:
    one: Window = await window()
    page = await log_of(one, receiver, "/paged")
    await happen(platform, one, 60)
    await expect(page.get_by_role("link", name="Successful 60")).to_be_visible()
    await page.reload()
    async with page.expect_request("**/log/stream**"):
        await page.get_by_role("link", name="Older").click()
    await happen(platform, one, 2)

    await expect(page.get_by_role("link", name="2 new")).to_be_visible()
    await expect(page.locator("[data-id]")).to_have_count(10)


async def test_times_are_asked_for_and_shown_in_the_viewers_zone(
    program: Running, window: Open, receiver: Receiver, platform: httpx.AsyncClient
) -> None:
    one: Window = await window(timezone_id="Asia/Tokyo", locale="en-GB")
    page = await log_of(one, receiver, "/zone")
    await happen(platform, one)
    await expect(page.get_by_text("Successful", exact=True)).to_have_count(1)
    await page.get_by_label("From").fill("2020-01-01T09:00")
    await page.get_by_role("button", name="Filter").click()

    await expect(page).to_have_url(re.compile("from=2020-01-01T00%3A00"))
    await expect(page.get_by_label("From")).to_have_value("2020-01-01T09:00")
    title = await page.locator("tbody time").first.get_attribute("title")
    assert title is not None
    assert "GMT+9" in title
    assert title.endswith("UTC")


async def test_details_offer_the_payload_and_the_command_to_copy(
    program: Running, window: Open, receiver: Receiver, platform: httpx.AsyncClient
) -> None:
    one: Window = await window(permissions=["clipboard-read", "clipboard-write"])
    page = await log_of(one, receiver, "/copy")
    await happen(platform, one, name="It's Acme")
    await page.get_by_role("link", name="Company added").click()
    await page.get_by_text("Send it manually with curl").click()
    copies = page.get_by_role("button", name="Copy")
    await copies.nth(1).click()
    told = await page.evaluate("navigator.clipboard.readText()")

    assert told.startswith("curl --globoff --request POST https://127.0.0.1:")
    assert "It'\"'\"'s Acme" in told
    await copies.nth(0).click()
    assert '"name": "It\'s Acme"' in await page.evaluate("navigator.clipboard.readText()")


async def test_log_details_and_records_fit_a_phone_and_need_no_scripts(
    program: Running, window: Open, receiver: Receiver, platform: httpx.AsyncClient
) -> None:
    one: Window = await window()
    page = await log_of(one, receiver, "/phone")
    uuid = await happen(platform, one)
    await expect(page.get_by_text("Successful", exact=True)).to_have_count(1)
    await page.set_viewport_size(PHONE)
    for path in (paths.LOG, paths.RECORDS, paths.record("COMPANY", uuid)):
        await one.to(path)
        assert await one.overflow() == 0, path
    await expect(page.get_by_text("This webhook has accepted version 1 of 1.")).to_be_visible()
