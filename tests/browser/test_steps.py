"""The Create webhooks page's steps word by word, until the notification is there."""

import asyncio
import json

import httpx
import pytest
from playwright.async_api import expect

from reseller_webhooks.core.access.permissions import Scope
from reseller_webhooks.core.enums import Resource
from reseller_webhooks.operations import authentication
from tests.browser.acting import add
from tests.browser.conftest import Open, Window
from tests.conftest import Running
from tests.receivers.receiver import WAIT_S, Receiver, Request

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_the_steps_of_the_create_webhooks_page(
    program: Running, window: Open, receiver: Receiver, platform: httpx.AsyncClient
) -> None:
    one: Window = await window()
    page, url = one.page, receiver.url("/steps", "127.0.0.1")

    # 1. Go to Manage > Reseller > Settings > Integration | Webhooks. The Webhooks page opens.
    trail = page.get_by_role("navigation", name="Breadcrumb")
    await expect(trail).to_have_text("Manage > Reseller > Settings > Integration | Webhooks")
    await expect(page.get_by_role("heading", name="Webhooks", exact=True)).to_be_visible()
    # 2. Click Add Webhook.
    await page.get_by_role("link", name="Add Webhook").click()
    # 3. Enter the HTTPS URL of the location to which the notifications are sent.
    await page.get_by_label("URL", exact=True).fill(url)
    # 4. Select one of the following resource types from the Resource drop-down list.
    resource = page.get_by_label("Resource")
    offered = await resource.locator("option").all_inner_texts()
    assert offered == ["Select a resource", *(one.label for one in Resource)]
    await resource.select_option("Company")
    # 5. Select one or more of the following Action checkboxes.
    boxes = page.get_by_role("group", name="Action").get_by_role("checkbox")
    assert await boxes.evaluate_all("all => all.map(one => one.labels[0].innerText)") == [
        "Added",
        "Deleted",
        "Changed",
    ]
    await page.get_by_role("checkbox", name="Added").check()
    await page.get_by_role("checkbox", name="Changed").check()
    # 6. Select one of the following authentication types, or None: Token, OAuth2.
    kinds = page.get_by_role("group", name="Authentication").get_by_role("radio")
    assert await kinds.evaluate_all("all => all.map(one => one.labels[0].innerText)") == [
        "None",
        "Token",
        "OAuth2",
    ]
    await page.get_by_role("radio", name="Token").check()
    await page.get_by_label("Token that is sent").fill("s3cret")
    # 7. Click Save Webhook. A message confirms that the webhook was created, and it appears in
    #    the Webhooks table.
    await page.get_by_role("button", name="Save Webhook").click()
    await expect(page.get_by_role("status")).to_contain_text("The webhook was created.")
    row = page.get_by_role("table", name="Webhooks").get_by_role("row").nth(1)
    for text in (url, "Company", "Added, Changed", "Token", "No notification yet"):
        await expect(row).to_contain_text(text)
    assert (await page.get_by_role("textbox", name="Signing secret").input_value()).startswith(
        "whsec_"
    )

    # The notification arrives, and the log knows.
    answer = await platform.post("/api/v1/changes", json=change(one, "Acme Ltd"))
    await delivered(program, one, answer)
    (got,) = of_path(receiver, "/steps")
    assert json.loads(got.body)["resource"]["content"]["name"] == "Acme Ltd"
    assert got.header("x-appdirect-webhook-token") == "s3cret"
    await page.get_by_role("link", name="Event log").click()
    await page.get_by_role("link", name="Successful").click()
    await page.get_by_role("link", name="Company added").click()
    await expect(page.get_by_text('"name": "Acme Ltd"')).to_be_visible()
    await expect(page.get_by_text("Attempt 1")).to_be_visible()
    assert one.complaints == []


async def test_a_failed_delivery_is_retried_in_two_steps(
    program: Running, window: Open, receiver: Receiver, platform: httpx.AsyncClient
) -> None:
    one: Window = await window()
    page = one.page
    await add(page, receiver.url("/again", "127.0.0.1"))
    answer = await platform.post("/api/v1/changes", json=change(one, "Once", "again"))
    await delivered(program, one, answer)
    await page.get_by_role("link", name="Event log").click()
    await page.get_by_role("link", name="Company added").click()
    confirm = page.get_by_role("button", name="Confirm Retry")

    await expect(confirm).to_be_hidden()
    asks = page.get_by_text("Retry", exact=True)
    below = page.get_by_role("heading", name="Attempts", exact=True)
    closed = [await asks.bounding_box(), await below.bounding_box()]
    await asks.click()
    assert [await asks.bounding_box(), await below.bounding_box()] == closed, "nothing moves"
    before = len(receiver.requests)
    await confirm.click()
    await expect(page.get_by_role("status")).to_contain_text("is sent again")
    await receiver.received(before + 1)
    first, second = of_path(receiver, "/again")
    assert first.header("webhook-id") == second.header("webhook-id")


async def delivered(program: Running, window: Window, change: httpx.Response) -> None:
    """Wait until the log says that the change's notification was delivered."""
    event = change.json()["results"][0]["event"]
    key = authentication.add_key(program.database, Scope.RESELLER_READ, window.reseller.uuid).key
    headers = {"authorization": f"Bearer {key}", "last-event-id": "0"}
    async with (
        asyncio.timeout(WAIT_S),
        httpx.AsyncClient(headers=headers) as client,
        client.stream("GET", f"{program.url}/api/v1/deliveries/stream") as answer,
    ):
        async for line in answer.aiter_lines():
            if event in line and "DELIVERED" in line:
                return


def change(window: Window, name: str, uuid: str = "dad75d7a") -> dict[str, object]:
    content = {"name": name, "size": "SMALL"}
    one = {"reseller": window.reseller.uuid, "type": "COMPANY", "uuid": uuid, "content": content}
    return {"changes": [one]}


def of_path(receiver: Receiver, path: str) -> list[Request]:
    return [request for request in receiver.requests if request.path == path]
