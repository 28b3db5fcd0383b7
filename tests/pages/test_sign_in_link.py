"""What opening a sign-in link or an invite does: nothing. Only the button's own form signs in."""

import re
from typing import Any

import pytest

from reseller_webhooks.core.access.permissions import Role
from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.http.pages import paths
from reseller_webhooks.operations import invites, users
from reseller_webhooks.operations.context import AppContext
from reseller_webhooks.store.db.database import Database
from tests.pages.browser_client import Person, token_in, words
from tests.pages.test_permissions import everything

ANA, BEA = "ana@acme.example", "bea@acme.example"


@pytest.fixture
def link(database: Database, northwind: Reseller) -> str:
    return f"{paths.SIGN_IN}/{users.add(database, ANA, Role.ADMIN, northwind.uuid)}"


@pytest.fixture
def invite(database: Database, northwind: Reseller) -> str:
    return f"{paths.INVITE}/{invites.invite(database, BEA, Role.ADMIN, northwind.uuid)}"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"sec-purpose": "prefetch"},
        {"sec-purpose": "prefetch;prerender"},
        {"sec-fetch-site": "cross-site", "referer": "https://evil.example/"},
        {"user-agent": "Slackbot-LinkExpanding 1.0"},
    ],
)
async def test_whatever_only_opens_a_link_changes_nothing(
    context: AppContext, nobody: Person, link: str, invite: str, method: str, headers: Any
) -> None:
    before = everything(context)
    answers = [
        await nobody.client.request(method, path, headers=headers) for path in (link, invite)
    ]

    assert [one.status_code for one in answers] == [200, 200]
    assert everything(context) == before
    assert (await nobody.client.get(paths.WEBHOOKS)).status_code == 303


async def test_a_link_shows_whom_it_signs_in_and_one_button(nobody: Person, link: str) -> None:
    page = await nobody.see(link)

    assert len(re.findall("<button", page)) == 1
    assert f"as {ANA}" in words(page)
    assert (await nobody.opens(link)).headers["location"] == paths.WEBHOOKS


async def test_the_page_of_a_link_speaks_german(nobody: Person, link: str) -> None:
    nobody.client.headers["accept-language"] = "de"

    assert "meldet Sie" in words(await nobody.see(link))


async def test_whoever_is_signed_in_is_told_that_it_ends(admin: Person, link: str) -> None:
    page = words(await admin.see(link))
    await admin.opens(link)

    assert "that ends when you sign in with the link" in page
    assert ANA in words(await admin.see(paths.ACCOUNT))


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": ""},
        {"sec_fetch_site": "cross-site"},
    ],
)
async def test_another_site_signs_nobody_in_as_somebody_else(
    context: AppContext, nobody: Person, link: str, headers: Any
) -> None:
    own = token_in(await nobody.see(link))
    attackers = token_in(await Person(context).see(link))
    before = everything(context)
    right = await nobody.send_raw(link, [("form-token", own)], **headers)
    wrong = [await nobody.send_raw(link, [("form-token", token)]) for token in (attackers, "", "x")]

    assert [one.status_code for one in (right, *wrong)] == [403] * 4
    assert everything(context) == before
    assert (await nobody.opens(link)).status_code == 303


async def test_a_button_that_is_pressed_twice_says_so(nobody: Person, link: str) -> None:
    token = token_in(await nobody.see(link))
    first = await nobody.send_raw(link, [("form-token", token)])
    other = Person(nobody.context)
    second = await other.send_raw(link, [("form-token", token_in(await other.see(paths.SIGN_IN)))])

    assert (first.status_code, second.status_code) == (303, 410)
