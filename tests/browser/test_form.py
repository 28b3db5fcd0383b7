"""The form in a real browser: what it shows of itself, how it is refused, the secret to copy."""

import pytest
from playwright.async_api import Route, expect

from tests.browser.acting import add
from tests.browser.conftest import Open, Window

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_only_the_fields_of_the_chosen_authentication_are_shown(window: Open) -> None:
    page = (await window()).page
    await page.goto(page.url + "/add")
    token, uri = page.locator("#token"), page.get_by_label("Access Token URI")

    await expect(token).to_be_hidden()
    await expect(uri).to_be_hidden()
    await page.get_by_role("radio", name="Token").check()
    await expect(token).to_be_visible()
    await expect(uri).to_be_hidden()
    await page.get_by_role("radio", name="OAuth2").check()
    await expect(token).to_be_hidden()
    for name in ("Access Token URI", "Client ID", "Client Secret", "Username", "Password"):
        await expect(page.get_by_label(name, exact=True)).to_be_visible()
    await expect(page.get_by_label("Scope (optional)")).to_be_visible()


async def test_the_texts_follow_the_chosen_resource(window: Open) -> None:
    page = (await window()).page
    await page.goto(page.url + "/add")
    await page.get_by_label("Resource").select_option("Order")

    await expect(page.get_by_text("An order is the selected product and edition")).to_be_visible()
    await expect(page.get_by_text("Invoice is added, changed, or deleted.")).to_be_hidden()
    await expect(page.get_by_text("an application assignment is initiated")).to_be_hidden()
    await page.get_by_label("Resource").select_option("App Assignment")
    await expect(page.get_by_text("an application assignment is initiated")).to_be_visible()
    await expect(page.get_by_text("when one is added")).to_be_hidden()


async def test_the_example_follows_the_chosen_resource(window: Open) -> None:
    page = (await window()).page
    await page.goto(page.url + "/add")
    await page.get_by_text("Example of a notification").click()
    await expect(page.get_by_text("Select a resource to see a notification")).to_be_visible()
    await page.get_by_label("Resource").select_option("Lead")

    await expect(page.get_by_text('"type": "LEAD"')).to_be_visible()
    await expect(page.get_by_text('"type": "ORDER"')).to_be_hidden()
    await expect(page.get_by_text("Select a resource to see a notification")).to_be_hidden()


async def test_what_came_of_a_test_has_the_focus_and_the_form_is_as_it_was(window: Open) -> None:
    one: Window = await window()
    page = one.page
    await page.goto(page.url + "/add")
    await page.get_by_label("URL", exact=True).fill("https://127.0.0.1:1/hook")
    await page.get_by_label("Resource").select_option("Lead")
    await page.get_by_role("checkbox", name="Added").check()
    await page.get_by_role("button", name="Send a test notification").click()
    told = page.get_by_role("alert")

    await expect(told).to_be_focused()
    await expect(told).to_contain_text("The test notification was not accepted.")
    await expect(page.get_by_label("URL", exact=True)).to_have_value("https://127.0.0.1:1/hook")
    await expect(page.get_by_role("checkbox", name="Added")).to_be_checked()
    assert one.complaints == []


async def test_a_refused_form_leads_from_the_summary_to_the_field(window: Open) -> None:
    one: Window = await window()
    page = one.page
    await page.goto(page.url + "/add")
    await page.get_by_label("URL", exact=True).fill("http://crm.example.com/")
    await page.get_by_role("button", name="Save Webhook").click()
    summary = page.get_by_role("alert")

    await expect(summary).to_be_focused()
    await expect(summary).to_contain_text("There are 3 problems")
    await summary.get_by_role("link", name="Action").click()
    await expect(page.get_by_role("checkbox", name="Added")).to_be_focused()
    await summary.get_by_role("link", name="URL").click()
    field = page.get_by_label("URL", exact=True)
    await expect(field).to_be_focused()
    await expect(field).to_have_value("http://crm.example.com/")
    await expect(field).to_have_accessible_description(
        "The HTTPS address that notifications are sent to, for example "
        "https://crm.example.com/notifications "
        "Error: Begins with http://; notifications go over https:// only."
    )
    assert one.complaints == []


async def test_a_browser_that_cannot_ask_for_the_choice_shows_every_field_under_its_heading(
    window: Open,
) -> None:
    page = (await window()).page
    await page.route("**/app.css", without_has)
    await page.goto(page.url + "/add")

    for heading in ("For Token", "For OAuth2"):
        await expect(page.get_by_role("heading", name=heading)).to_be_visible()
    await expect(page.locator("#token")).to_be_visible()
    await expect(page.get_by_label("Access Token URI")).to_be_visible()


async def without_has(route: Route) -> None:
    """The stylesheet as a browser from before 2023 understands it."""
    answer = await route.fetch()
    text = (await answer.text()).replace("selector(:has(*))", "selector(:unknown(*))")
    await route.fulfill(response=answer, body=text)


async def test_the_signing_secret_can_be_copied(window: Open) -> None:
    page = (await window(permissions=["clipboard-read", "clipboard-write"])).page
    await add(page, "https://crm.example.com/copied")
    await page.get_by_role("button", name="Copy").click()

    await expect(page.get_by_role("button", name="Copied")).to_be_visible()
    copied = await page.evaluate("navigator.clipboard.readText()")
    assert copied == await page.get_by_role("textbox", name="Signing secret").input_value()
