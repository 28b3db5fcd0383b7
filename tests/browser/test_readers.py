"""Every way of reading and using the pages: keyboard, no JavaScript, phone, both themes, zones."""

import re

import pytest
from playwright.async_api import Page, expect

from reseller_webhooks.core.access.permissions import Role
from reseller_webhooks.http.pages import paths
from tests.browser.acting import add
from tests.browser.conftest import PHONE, Open, Window
from tests.receivers.receiver import Receiver

WHSEC = re.compile("^whsec_")
SOON = re.compile("now|seconds? ago")
# Texts whose contrast with their background is under 4.5 to 1 (WCAG 2.2, 1.4.3).
PALE = """() => {
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b]
    .map((c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (node) => {
    for (; node; node = node.parentElement) {
      const colour = numbers(getComputedStyle(node).backgroundColor);
      if (colour[3] !== 0) return colour;
    }
    return [255, 255, 255];
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const pale = [];
  while (texts.nextNode()) {
    const node = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || !node.checkVisibility()) continue;
    const [a, b] = [light(numbers(getComputedStyle(node).color)), light(behind(node))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) pale.push(`${texts.currentNode.data.trim()}: ${ratio.toFixed(1)}`);
  }
  return pale;
}"""

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_webhook_is_added_with_the_keyboard_alone(window: Open) -> None:
    page = (await window()).page
    keys = page.keyboard
    await page.get_by_role("link", name="Add Webhook").focus()
    await keys.press("Enter")
    await page.wait_for_url("**/add")
    await tab_to(page, "url")
    await keys.type("https://crm.example.com/keys")
    await tab_to(page, "resource")
    await keys.type("Lead")
    await tab_to(page, "action-REMOVED")
    await keys.press("Space")
    await tab_to(page, "auth-none")
    await keys.press("ArrowDown")
    await tab_to(page, "token")
    await keys.type("s3cret")
    await keys.press("Enter")

    row = page.get_by_role("row").filter(has_text="https://crm.example.com/keys")
    await expect(row).to_contain_text(
        "Lead Deleted Token No notification yet", use_inner_text=False
    )


async def tab_to(page: Page, wanted: str) -> None:
    """Press Tab until the focus is there; it is always seen on the way."""
    for _ in range(40):
        await page.keyboard.press("Tab")
        focus = await page.evaluate(
            "[document.activeElement.id, getComputedStyle(document.activeElement).outlineWidth]"
        )
        assert focus[1] == "3px"
        if focus[0] == wanted:
            return
    raise AssertionError(f"Tab does not lead to {wanted}")


async def test_without_javascript_everything_can_be_done(window: Open, receiver: Receiver) -> None:
    page = (await window(java_script_enabled=False)).page
    await add(page, receiver.url("/plain", "127.0.0.1"))

    await expect(page.get_by_role("button", name="Copy")).to_be_hidden()
    await page.get_by_role("link", name="/plain").click()
    await expect(page.locator("time").first).to_contain_text("UTC")
    await page.get_by_role("button", name="Send a test notification").click()
    await expect(page.get_by_role("alert")).to_contain_text("was accepted")
    await page.get_by_text("Retry all failed").click()
    await page.get_by_role("button", name="Confirm Retry All").click()
    await expect(page.get_by_role("status")).to_contain_text("nothing to send again")
    await page.get_by_role("button", name="Pause").click()
    await expect(page.get_by_role("status")).to_contain_text("was paused")
    await page.get_by_text("Rotate signing secret").click()
    await page.get_by_role("button", name="Confirm Rotate").click()
    await expect(page.get_by_role("textbox", name="Signing secret")).to_have_value(WHSEC)
    await page.get_by_role("link", name="Delete").click()
    await page.get_by_role("button", name="Confirm Delete").click()
    await expect(page.get_by_role("status")).to_contain_text("was deleted")
    await expect(page.get_by_text("No webhooks yet")).to_be_visible()


async def test_times_are_told_in_the_readers_zone_with_exact_utc_beside(window: Open) -> None:
    page = (await window(locale="en-GB", timezone_id="Asia/Tokyo")).page
    await add(page, "https://crm.example.com/times")
    await page.get_by_role("link", name="/times").click()
    told = page.locator("time").first

    await expect(told).to_have_text(SOON)
    title = await told.get_attribute("title")
    assert title
    assert "GMT+9" in title
    assert title.endswith("UTC")


async def test_a_period_is_asked_for_in_the_readers_zone_and_sent_in_utc(window: Open) -> None:
    page = (await window(timezone_id="Asia/Tokyo")).page
    await add(page, "https://crm.example.com/period")
    await page.get_by_role("link", name="/period").click()
    await page.get_by_text("Retry all failed").click()
    await expect(page.get_by_text("(UTC)").first).to_be_hidden()
    await page.get_by_label("From").fill("2026-01-31T08:30")
    await page.get_by_label("To").fill("2026-01-31T18:00")
    async with page.expect_request("**/retry-failed") as asked:
        await page.get_by_role("button", name="Confirm Retry All").click()
    sent = (await asked.value).post_data or ""

    assert "from=2026-01-30T23%3A30&to=2026-01-31T09%3A00" in sent


async def test_without_javascript_a_webhook_is_tried_before_it_is_saved(
    window: Open, receiver: Receiver
) -> None:
    page = (await window(java_script_enabled=False)).page
    await page.goto(page.url + "/add")
    await page.get_by_label("URL", exact=True).fill(receiver.url("/tried", "127.0.0.1"))
    await page.get_by_label("Resource").select_option("Lead")
    await page.get_by_role("checkbox", name="Added").check()
    await page.get_by_role("radio", name="Token").check()
    await page.get_by_label("Token that is sent").fill("s3cret")
    await page.get_by_role("button", name="Send a test notification").click()

    await expect(page.get_by_role("alert")).to_contain_text("was accepted")
    await expect(page.get_by_role("alert")).to_contain_text("Nothing was saved.")
    await page.get_by_role("button", name="Save Webhook").click()
    await expect(page.get_by_role("status")).to_contain_text("The webhook was created.")
    await page.get_by_role("link", name="/tried").click()
    await page.get_by_role("button", name="Send a test notification").click()
    await expect(page.get_by_role("alert")).to_contain_text("was accepted")
    got = [request for request in receiver.requests if request.path == "/tried"]
    assert [one.header("x-appdirect-webhook-token") for one in got] == ["s3cret", "s3cret"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_on_a_phone_nothing_is_wider_than_the_window(window: Open, scheme: str) -> None:
    one: Window = await window(viewport=PHONE, color_scheme=scheme, has_touch=True)
    page, long = one.page, "x" * 200
    await add(page, f"https://crm.example.com/{long}?and={long}")
    created = await one.overflow()
    await page.get_by_role("link", name=long).click()
    await expect(page.get_by_role("heading", name="Settings")).to_be_visible()
    wide = {"created": created, "webhook": await one.overflow()}
    for path in (paths.WEBHOOKS, paths.LOG, paths.ADD, paths.ACCOUNT, "/nowhere"):
        await one.to(path)
        wide[path] = await one.overflow()
    await one.to(paths.ADD)
    await page.get_by_role("radio", name="OAuth2").check()
    await page.get_by_role("button", name="Save Webhook").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    wide["refused"] = await one.overflow()

    assert {name: by for name, by in wide.items() if by > 0} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_text_stands_out_from_what_is_behind_it(window: Open, scheme: str) -> None:
    one: Window = await window(color_scheme=scheme)
    await add(one.page, "https://crm.example.com/contrast")
    pale = await one.page.evaluate(PALE)
    for path in (paths.ADD, paths.LOG, paths.ACCOUNT):
        await one.to(path)
        pale += await one.page.evaluate(PALE)

    assert pale == []


async def test_a_viewer_sees_webhooks_and_no_way_to_change_them(window: Open) -> None:
    page = (await window(Role.VIEWER)).page

    await expect(page.get_by_role("heading", name="No webhooks yet")).to_be_visible()
    await expect(page.get_by_role("link", name="Add Webhook")).to_have_count(0)


async def test_german_pages_are_no_wider_than_the_window(window: Open, receiver: Receiver) -> None:
    one = await window()
    await add(one.page, receiver.url(host="127.0.0.1"))
    await one.page.get_by_role("button", name="Deutsch").click()
    await expect(one.page.locator("html")).to_have_attribute("lang", "de")

    wide = {}
    for width in (320, 1280):
        await one.page.set_viewport_size({"width": width, "height": 740})
        for path in (paths.WEBHOOKS, paths.HISTORY, paths.ACCOUNT):
            await one.to(path)
            wide[path, width] = await one.overflow()

    assert set(wide.values()) == {0}, wide
