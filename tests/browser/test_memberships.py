"""Somebody of two resellers in a real browser: the choice, by keyboard, and the switch."""

import pytest
from playwright.async_api import expect

from reseller_webhooks.core.access.permissions import Role
from reseller_webhooks.http.pages import paths
from reseller_webhooks.operations import resellers, users
from tests.browser.conftest import PHONE, Open, Window
from tests.browser.test_accessibility import violations
from tests.conftest import Running

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def at_the_choice(one: Window, program: Running) -> None:
    """Sign the person of the window in again, who belongs to Contoso too by now."""
    email = f"{one.reseller.uuid}@acme.example"
    contoso = resellers.add(program.database, "Contoso")
    users.add(program.database, email, Role.VIEWER, contoso.uuid)
    await one.to(f"{paths.SIGN_IN}/{users.link_for(program.database, email)}")
    await one.page.get_by_role("button", name="Sign in", exact=True).click()
    await expect(one.page.get_by_role("heading", level=1)).to_have_text("Choose a reseller")


async def test_a_reseller_is_chosen_by_keyboard_and_switched_without_javascript(
    window: Open, program: Running
) -> None:
    one: Window = await window(java_script_enabled=False, viewport=PHONE)
    await at_the_choice(one, program)
    await one.page.get_by_role("button", name="Northwind Admin").focus()
    await one.page.keyboard.press("Enter")
    await expect(one.page.get_by_role("link", name="Add Webhook").first).to_be_visible()
    await one.page.get_by_label("Reseller", exact=True).select_option("Contoso")
    await one.page.get_by_role("button", name="Switch").click()

    chosen = one.page.get_by_label("Reseller", exact=True).locator("option[selected]")
    await expect(chosen).to_have_text("Contoso")
    await expect(one.page.get_by_role("link", name="Add Webhook")).to_have_count(0)


async def test_the_choice_and_the_switch_are_accessible(window: Open, program: Running) -> None:
    one: Window = await window()
    await at_the_choice(one, program)
    found = await violations(one, "choice")
    await one.page.get_by_role("button", name="Contoso Viewer").click()
    await expect(one.page.get_by_role("button", name="Switch")).to_be_visible()
    found += await violations(one, "switch")

    assert found == []
    assert one.complaints == []
