"""Every page as axe-core sees it: WCAG 2.2 AA, both themes, desktop and phone."""

from importlib.resources import files
from typing import Any

import pytest
from playwright.async_api import expect

from reseller_webhooks.core.access.permissions import Role, Scope
from reseller_webhooks.core.deliveries.log import LogQuery
from reseller_webhooks.http.pages import paths
from reseller_webhooks.operations import authentication, deliveries, invites, users
from tests.browser.acting import add
from tests.browser.conftest import PHONE, Open, Window
from tests.conftest import Running
from tests.delivery_ids import shown_id

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text()
STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RUN = """(standards) => axe.run(document, {
  runOnly: {type: 'tag', values: standards}, resultTypes: ['violations'],
}).then((found) => found.violations.flatMap((one) => one.nodes.map((node) =>
  `${one.id}: ${node.html.slice(0, 160)} | ${node.failureSummary.slice(0, 300)}`)))"""
DESKTOP = {"width": 1280, "height": 900}
SIGHTS: list[tuple[Any, Any]] = [
    (viewport, scheme) for viewport in (DESKTOP, PHONE) for scheme in ("light", "dark")
]

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def violations(one: Window, name: str) -> list[str]:
    """What axe finds on the page in front of us, seen in every way."""
    # The page's own policy lets no other script in, so this one comes past it.
    session = await one.page.context.new_cdp_session(one.page)
    await session.send("Runtime.evaluate", {"expression": AXE})
    await session.detach()
    found = []
    for viewport, scheme in SIGHTS:
        await one.page.set_viewport_size(viewport)
        await one.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        lines = await one.page.evaluate(RUN, STANDARDS)
        found += [f"{name}, {viewport['width']} {scheme}: {line}" for line in lines]
        wide = await one.overflow()
        found += [f"{name}, {viewport['width']}: {wide} pixels too wide"] if wide > 0 else []
    await one.page.set_viewport_size(DESKTOP)
    return found


async def looked_at(one: Window, *places: str) -> list[str]:
    found = []
    for place in places:
        await one.to(place)
        found += await violations(one, place)
    return found


async def change(platform: Any, one: Window, name: str) -> None:
    """One change, so that the log has a line."""
    content = {"uuid": "axe", "name": name, "enabled": True}
    given = {"reseller": one.reseller.uuid, "type": "COMPANY", "uuid": "axe", "content": content}
    answer = await platform.post("/api/v1/changes", json={"changes": [given]})
    assert answer.status_code == 200, answer.text


async def test_the_pages_about_webhooks(window: Open, program: Running, platform: Any) -> None:
    one: Window = await window()
    found = await violations(one, "no webhooks yet")
    await add(one.page, "https://crm.example.com/axe")
    found += await violations(one, "created")
    webhook = str(await one.page.get_by_role("link", name="/axe").get_attribute("href"))
    await change(platform, one, "Axe")
    await change(platform, one, "Axe and Sons")
    entry, _before = deliveries.page(program.database, LogQuery(one.reseller.id))
    delivery = paths.delivery(shown_id(entry.line.delivery_id))
    found += await looked_at(one, webhook, f"{webhook}/edit", f"{webhook}/delete")
    found += await looked_at(one, paths.LOG, delivery, "/nowhere")
    found += await looked_at(one, paths.RECORDS, paths.record("COMPANY", "axe"), paths.HISTORY)
    await one.to(paths.WEBHOOKS)
    await one.page.get_by_role("button", name="Deutsch").click()
    await expect(one.page.get_by_role("link", name="Ereignisprotokoll")).to_be_visible()
    found += await violations(one, "German")
    found += await looked_at(one, webhook, paths.ADD, paths.LOG, delivery, paths.HISTORY)

    assert found == []
    assert one.complaints == []


async def test_the_form_blank_and_refused(window: Open) -> None:
    one: Window = await window()
    found = await looked_at(one, paths.ADD)
    await one.page.get_by_role("radio", name="OAuth2").check()
    await one.page.get_by_role("button", name="Save Webhook").click()
    await expect(one.page.get_by_role("alert")).to_be_visible()
    found += await violations(one, "refused")

    assert found == []


async def test_the_account_and_the_users(window: Open) -> None:
    one: Window = await window()
    found = await looked_at(one, paths.ACCOUNT, paths.USERS)
    await one.page.get_by_label("E-mail address").fill(f"bea-{one.reseller.id}@acme.example")
    await one.page.get_by_role("button", name="Invite", exact=True).click()
    await expect(one.page.get_by_role("status")).to_contain_text("The invite was created.")
    found += await violations(one, "invited")

    assert found == []
    assert one.complaints == []


async def test_the_operators_pages(window: Open, program: Running) -> None:
    one: Window = await window(Role.OPERATOR)
    authentication.add_key(program.database, Scope.RESELLER, one.reseller.uuid, "Axe")
    found = await looked_at(one, paths.RESELLERS, paths.USERS, paths.WORKERS, paths.AUDIT)
    found += await looked_at(one, paths.QUOTAS, paths.quotas(one.reseller.uuid))
    found += await looked_at(one, paths.audit(who="nobody@x.example"), paths.KEYS)
    await one.page.get_by_text("Revoke").first.click()
    found += await violations(one, "asked again")
    await one.page.get_by_role("button", name="Create key").click()
    found += await violations(one, "no key made")
    await one.page.get_by_label("Name", exact=True).fill("Axe")
    await one.page.get_by_role("button", name="Create key").click()
    await expect(one.page.get_by_role("status")).to_contain_text("was created")
    found += await violations(one, "key made")

    assert found == []
    assert one.complaints == []


async def test_the_pages_of_nobody(window: Open, program: Running) -> None:
    one: Window = await window()
    email = f"axe-{one.reseller.id}@acme.example"
    invite = invites.invite(program.database, email, Role.ADMIN, one.reseller.uuid)
    await one.page.get_by_role("button", name="Sign out").click()
    link = users.add(program.database, f"link-{email}", Role.ADMIN, one.reseller.uuid)
    found = await looked_at(one, paths.SIGN_IN, f"{paths.SIGN_IN}/{link}", f"{paths.SIGN_IN}/gone")
    found += await looked_at(one, f"{paths.INVITE}/{invite}", f"{paths.INVITE}/gone")
    await one.to(paths.SIGN_IN)
    await one.page.get_by_label("E-mail address").fill(email)
    await one.page.get_by_label("Password").fill("wrong")
    await one.page.get_by_role("button", name="Sign in").click()
    await expect(one.page.get_by_role("alert")).to_be_visible()
    found += await violations(one, "wrong password")

    assert found == []


async def test_the_page_of_the_api(window: Open) -> None:
    one: Window = await window()
    await one.to("/docs")
    # All its sections are made alike, and axe takes a second for every ten of them.
    await one.page.evaluate(
        "document.querySelectorAll('section').forEach((one, i) => i % 12 && one.remove())"
    )

    assert await violations(one, "/docs") == []


async def test_what_is_wrong_is_found(window: Open) -> None:
    one: Window = await window()
    await one.to(paths.ACCOUNT)
    await one.page.evaluate("document.querySelector('main').append(new Image())")
    await one.page.evaluate("document.querySelector('label').remove()")
    found = " ".join(await violations(one, "broken"))

    assert "image-alt" in found
    assert "label" in found
