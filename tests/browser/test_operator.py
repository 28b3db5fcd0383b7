"""Operators and admins at work without JavaScript: invites, keys, sessions."""

import re

import pytest
from playwright.async_api import Page, expect

from reseller_webhooks.core.access.permissions import Role
from reseller_webhooks.http.pages import paths
from tests.browser.conftest import PHONE, Open, Window

PASSWORD = "correct horse battery"
LINE_PX = 21

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_an_admin_invites_a_colleague_who_comes_in(window: Open) -> None:
    admin: Window = await window(java_script_enabled=False)
    other: Window = await window(java_script_enabled=False)
    email = f"bea-{admin.reseller.id}@acme.example"
    await admin.page.get_by_role("link", name="Users").click()
    await admin.page.get_by_label("E-mail address").fill(email)
    await admin.page.get_by_label("Role").select_option("Viewer")
    await admin.page.get_by_role("button", name="Invite", exact=True).click()
    link = await admin.page.get_by_label("Link of the invite").input_value()
    await other.page.get_by_role("button", name="Sign out").click()
    await other.page.goto(link)
    await other.page.get_by_label("Password").fill(PASSWORD)
    await other.page.get_by_role("button", name="Accept the invite").click()

    await expect(other.page.get_by_role("link", name=email)).to_be_visible()
    await expect(other.page.get_by_role("heading", name="Webhooks", exact=True)).to_be_visible()
    await locked(admin.page, email)
    await other.page.reload()
    await expect(other.page.get_by_role("heading", name="Sign in")).to_be_visible()


async def locked(page: Page, email: str) -> None:
    row = page.get_by_role("row").filter(has_text=email)
    await page.reload()
    await row.get_by_text("Lock", exact=False).first.click()
    await row.get_by_role("button", name="Confirm Lock").click()
    await expect(page.get_by_role("status")).to_contain_text(f"{email} was locked")


async def test_an_operator_makes_a_key_and_revokes_it(window: Open) -> None:
    page = (await window(Role.OPERATOR, java_script_enabled=False)).page
    await page.get_by_role("link", name="API keys").click()
    await page.get_by_label("Name", exact=True).fill("Billing export")
    await page.get_by_role("button", name="Create key").click()

    await expect(page.get_by_label("API key", exact=True)).to_have_value(re.compile("^rwk_"))
    row = page.get_by_role("row").filter(has_text="Billing export")
    await row.get_by_text("Revoke").first.click()
    await row.get_by_role("button", name="Confirm Revoke").click()
    await expect(page.get_by_role("status")).to_contain_text("Billing export")
    await expect(row).to_contain_text("Revoked")
    await page.get_by_role("link", name="Audit log").click()
    await expect(page.get_by_role("row").nth(1)).to_contain_text("API key revoked")


async def test_the_link_of_an_invite_is_copied_with_a_button(window: Open) -> None:
    one: Window = await window(permissions=["clipboard-read", "clipboard-write"])
    await one.to(paths.USERS)
    await one.page.get_by_label("E-mail address").fill(f"cy-{one.reseller.id}@acme.example")
    await one.page.get_by_role("button", name="Invite", exact=True).click()
    await one.page.get_by_role("button", name="Copy").click()
    link = await one.page.get_by_label("Link of the invite").input_value()
    copied = await one.page.evaluate("navigator.clipboard.readText()")

    assert copied == link
    assert one.complaints == []


async def test_on_a_phone_the_header_leads_back_to_webhooks_and_breaks_no_word(
    window: Open,
) -> None:
    one: Window = await window(viewport=PHONE)
    await one.to(paths.USERS)
    header = one.page.get_by_role("navigation", name="Account")
    words = [*await header.get_by_role("link").all(), header.get_by_role("button")]
    boxes = [await word.bounding_box() for word in words]
    sizes = [(box["width"], box["height"]) for box in boxes if box]

    assert len(sizes) == 4
    assert all(width > LINE_PX and height < 2 * LINE_PX for width, height in sizes)
    assert await one.overflow() == 0
    await header.get_by_role("link", name="Webhooks").click()
    await expect(one.page.get_by_role("heading", name="Webhooks", exact=True)).to_be_visible()
