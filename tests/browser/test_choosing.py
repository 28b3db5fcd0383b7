"""Choosing one of many: by keyboard with JavaScript, by a form without."""

import pytest
from playwright.async_api import expect

from reseller_webhooks.core.enums import Action, Resource
from reseller_webhooks.core.webhooks.webhook import Spec
from reseller_webhooks.http.pages import paths
from reseller_webhooks.operations import webhooks
from tests.browser.conftest import Open, Window
from tests.browser.test_accessibility import violations
from tests.conftest import Running

COUNT = 60
LAST = f"Company to https://receiver.example/hook-{COUNT - 1:02}"
OPTION = ".combobox [role=option]"

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def with_many(program: Running, window: Open, **given: object) -> Window:
    """The event log of a reseller with more webhooks than the filter offers."""
    one: Window = await window(**given)
    context = program.program.context
    for number in range(COUNT):
        url = f"https://receiver.example/hook-{number:02}"
        spec = Spec(url=url, resource=Resource.COMPANY, actions=frozenset(Action))
        webhooks.add(context.database, context.box, one.reseller.id, spec)
    await one.to(paths.LOG)
    return one


async def test_a_webhook_is_searched_for_and_chosen_by_keyboard(
    program: Running, window: Open
) -> None:
    one = await with_many(program, window)
    field = one.page.get_by_role("combobox", name="Webhook")
    await field.focus()
    await one.page.keyboard.type("HOOK-5")
    options = one.page.locator(OPTION)
    await expect(options.filter(has_text="hook-5")).to_have_count(10)
    for _ in range(9):
        await one.page.keyboard.press("ArrowDown")
    await expect(options.last).to_have_attribute("aria-selected", "true")
    await one.page.keyboard.press("Enter")
    await expect(field).to_have_value(LAST)
    await expect(field).to_have_attribute("aria-expanded", "false")
    await one.page.keyboard.press("Enter")
    await one.page.wait_for_url("**webhook=*")

    await expect(field).to_have_value(LAST)
    await field.focus()
    await one.page.keyboard.type("nothing like it")
    await expect(one.page.locator(".combobox [role=status]")).to_have_text("0 found")
    await one.page.keyboard.press("Escape")
    await expect(field).to_have_value(LAST)
    assert one.complaints == []


async def test_an_emptied_field_chooses_all(program: Running, window: Open) -> None:
    one = await with_many(program, window)
    field = one.page.get_by_role("combobox", name="Webhook")
    await field.click()
    await one.page.locator(OPTION).first.click()
    await expect(field).not_to_have_value("")
    await field.fill("")
    await one.page.keyboard.press("Tab")
    await one.page.get_by_role("button", name="Filter").click()

    await expect(field).to_have_value("")
    await expect(one.page.locator("select#webhook")).to_have_value("")


async def test_without_javascript_a_form_searches(program: Running, window: Open) -> None:
    one = await with_many(program, window, java_script_enabled=False)
    await one.page.get_by_label("Another webhook").fill("hook-59")
    await one.page.get_by_role("button", name="Find").click()
    await one.page.get_by_label("Webhook", exact=True).select_option(LAST)
    await one.page.get_by_role("button", name="Filter").click()

    await expect(one.page.get_by_label("Webhook", exact=True).locator("[selected]")).to_have_text(
        LAST
    )


async def test_an_open_list_can_be_read_by_everybody(program: Running, window: Open) -> None:
    one = await with_many(program, window)
    await one.page.get_by_role("combobox", name="Webhook").click()
    await one.page.keyboard.press("ArrowDown")
    await expect(one.page.locator(OPTION).first).to_have_attribute("aria-selected", "true")

    assert await violations(one, "an open list of webhooks") == []
