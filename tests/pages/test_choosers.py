"""Lists and choosers beyond what one page shows: searched for, and every page under 100 KB."""

import re

import pytest

from reseller_webhooks.core.access.permissions import Role, Scope
from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.http.pages import paths
from reseller_webhooks.operations import authentication, invites, resellers, users
from reseller_webhooks.operations.context import AppContext
from reseller_webhooks.store.access import resellers as store
from reseller_webhooks.store.db.database import Database
from tests.pages.browser_client import Person, a_webhook, words

PAGE_MAX = 100_000


def options(html: str, field: str) -> list[str]:
    """What a field offers, apart from nothing."""
    select = html.partition(f'<select id="{field}"')[2].partition("</select>")[0]
    return re.findall(r'<option value="[^"]+" (?:selected)?>([^<]*)<', select)


def next_pages(html: str) -> list[str]:
    """Where the buttons for further rows lead."""
    return [one.replace("&amp;", "&") for one in re.findall(r'href="([^"]+)">Next<', html)]


def users_of(html: str) -> list[str]:
    """The users that a page lists, by what is before the @."""
    return _addresses(html.partition('id="invites"')[0])


def invites_of(html: str) -> list[str]:
    """The invites alike."""
    return _addresses(html.partition('id="invites"')[2])


def _addresses(html: str) -> list[str]:
    cells = re.findall(r"<td[^>]*><strong>(.*?)</strong>", html)
    return [words(cell).partition("@")[0] for cell in cells]


@pytest.fixture
def many(database: Database) -> list[Reseller]:
    with database.write() as tx:
        return [store.add(tx, f"r-{number}", f"Reseller {number:04}") for number in range(600)]


async def test_a_reseller_beyond_those_offered_is_found_and_chosen(
    operator: Person, database: Database, many: list[Reseller]
) -> None:
    for path in (paths.KEYS, paths.USERS, paths.AUDIT):
        first = await operator.see(path)
        found = await operator.see(f"{path}?reseller-search=SELLER+0598")

        assert len(options(first, "reseller")) in {50, 51}
        assert 'data-choices="/resellers/choices"' in first
        assert "Reseller 0598" in options(found, "reseller")
    chosen = await operator.see(paths.audit(reseller=many[598].uuid))
    assert options(chosen, "reseller")[0] == "Reseller 0598"
    fields = {"name": "x", "scope": "reseller", "reseller": many[598].uuid}
    assert (await operator.send(paths.KEYS, fields)).status_code == 303


async def test_a_few_are_offered_without_a_search(operator: Person) -> None:
    html = await operator.see(paths.KEYS)

    assert options(html, "reseller") == ["Northwind"]
    assert "reseller-search" not in html


async def test_a_webhook_beyond_those_offered_is_found_and_chosen(
    context: AppContext, northwind: Reseller, contoso: Reseller, admin: Person
) -> None:
    urls = [f"https://receiver.example/{number:03}" for number in range(60)]
    rows = [a_webhook(context, northwind, url=url) for url in urls]
    a_webhook(context, contoso, url="https://theirs.example/059")
    first = await admin.see(paths.LOG)
    found = await admin.see(f"{paths.LOG}?webhook-search=059")
    chosen = await admin.see(paths.log(webhook=rows[59].uuid))
    asked = (await admin.client.get(f"{paths.WEBHOOK_CHOICES}?search=05")).json()
    every = (await admin.client.get(paths.WEBHOOK_CHOICES)).json()

    assert len(options(first, "webhook")) == 50
    assert options(found, "webhook") == [f"Company to {urls[59]}"]
    assert options(chosen, "webhook")[0] == f"Company to {urls[59]}"
    assert [one["value"] for one in asked["options"]] == [row.uuid for row in (rows[5], *rows[50:])]
    assert (len(every["options"]), every["more"], asked["more"]) == (50, True, False)


@pytest.mark.parametrize("search", ["50%", "_", "a\\b", "'; --", "nothing\0"])
async def test_a_search_means_what_it_says(
    operator: Person, database: Database, search: str
) -> None:
    resellers.add(database, "50% off_a\\b'; --")
    resellers.add(database, "Fabrikam")
    asked = await operator.client.get(paths.RESELLERS, params={"search": search})

    assert asked.status_code == 200
    assert "Fabrikam" not in asked.text
    assert ("50% off" in asked.text) == ("\0" not in search)


async def test_lists_are_searched_page_by_page(
    operator: Person, database: Database, many: list[Reseller]
) -> None:
    for number in range(60):
        authentication.add_key(database, Scope.RESELLER, many[0].uuid, f"CRM {number}")
    authentication.add_key(database, Scope.PLATFORM, None, "Billing")
    named = await operator.see(f"{paths.RESELLERS}?search=reseller")
    next_page = re.findall(r'href="(/resellers\?[^"]+)">Next', named)[0].replace("&amp;", "&")
    second = await operator.see(next_page)
    keys = await operator.see(f"{paths.KEYS}?search=crm")
    billing = await operator.see(f"{paths.KEYS}?search=billing")

    assert "search=reseller" in next_page
    assert ("Reseller 0099" in named, "Reseller 0100" in second) == (True, True)
    assert "search=crm" in keys.partition(">Next<")[0].rpartition('href="')[2]
    assert "Billing" not in words(keys)
    assert words(billing).count("rwk_") == 1
    assert many[3].uuid in await operator.see(f"{paths.RESELLERS}?search={many[3].uuid}")


async def test_users_and_invites_are_searched_page_by_page(
    operator: Person, admin: Person, database: Database, northwind: Reseller, contoso: Reseller
) -> None:
    for number in range(60):
        users.add(database, f"user-{number:02}@acme.example", Role.VIEWER, northwind.uuid)
        invites.invite(database, f"user-i{number:02}@acme.example", Role.VIEWER, northwind.uuid)
    users.add(database, "user-other@contoso.example", Role.VIEWER, contoso.uuid)
    invites.invite(database, "user-i@contoso.example", Role.VIEWER, contoso.uuid)
    first = await admin.see(f"{paths.USERS}?search=USER-")
    users_link, invites_link = next_pages(first)
    more_users = await admin.see(users_link)
    both = await admin.see(next_pages(more_users)[0])

    assert users_of(first) == [f"user-{number:02}" for number in range(30)]
    assert invites_of(first) == [f"user-i{number:02}" for number in range(59, 39, -1)]
    assert users_of(more_users) == [f"user-{number:02}" for number in range(30, 60)]
    assert invites_of(more_users) == invites_of(first)
    assert invites_of(await admin.see(invites_link))[0] == "user-i39"
    assert (users_of(both), invites_of(both)[0]) == (users_of(more_users), "user-i39")
    assert "contoso.example" not in first + more_users + both
    assert "No matches" in await admin.see(f"{paths.USERS}?search=contoso.example")
    assert users_of(await operator.see(f"{paths.USERS}?search=r@contoso")) == ["user-other"]


async def test_nobody_but_an_operator_searches_resellers(admin: Person, viewer: Person) -> None:
    assert (await admin.client.get(paths.RESELLER_CHOICES)).status_code == 403
    assert (await viewer.client.get(paths.RESELLER_CHOICES)).status_code == 403


async def test_full_pages_are_under_100_kb(
    operator: Person,
    context: AppContext,
    database: Database,
    northwind: Reseller,
    many: list[Reseller],
) -> None:
    for number in range(130):
        users.add(database, f"user-{number:03}@northwind.example", Role.ADMIN, northwind.uuid)
        invites.invite(database, f"invite-{number}@x.example", Role.ADMIN, northwind.uuid)
        authentication.add_key(database, Scope.RESELLER, northwind.uuid, f"Program number {number}")
        a_webhook(context, northwind, url=f"https://receiver.example/{'x' * 80}/{number}")
    pages = (paths.RESELLERS, paths.USERS, paths.KEYS, paths.AUDIT, paths.WEBHOOKS, paths.LOG)
    sizes = {path: len((await operator.see(path)).encode()) for path in pages}

    assert {path: size for path, size in sizes.items() if size > PAGE_MAX} == {}


async def test_a_webhook_of_many_is_found_by_a_part_of_its_url(
    admin: Person, context: AppContext, northwind: Reseller, contoso: Reseller
) -> None:
    for number in range(60):
        a_webhook(context, northwind, url=f"https://receiver.example/{number:03}")
    a_webhook(context, contoso, url="https://theirs.example/059")
    assert 'name="search"' in await admin.see(paths.WEBHOOKS)

    found = words(await admin.see(paths.webhooks(search="EXAMPLE/059")))

    assert "receiver.example/059" in found.replace(" ", "")
    assert "receiver.example/058" not in found.replace(" ", "")
    assert "theirs.example" not in found
    assert "No matches" in words(await admin.see(paths.webhooks(search="nowhere")))


async def test_a_few_webhooks_are_shown_without_a_search(
    admin: Person, context: AppContext, northwind: Reseller
) -> None:
    a_webhook(context, northwind)

    assert 'name="search"' not in await admin.see(paths.WEBHOOKS)


async def test_a_user_of_many_is_found_by_a_part_of_the_address(
    operator: Person, admin: Person, context: AppContext, northwind: Reseller, contoso: Reseller
) -> None:
    for number in range(60):
        users.add(context.database, f"p{number:03}@acme.example", Role.VIEWER, northwind.uuid)
    users.add(context.database, "p059@theirs.example", Role.VIEWER, contoso.uuid)
    path = paths.users(search="P059@")

    everybody, own = (await operator.see(path), await admin.see(path))

    assert 'name="search"' in await admin.see(paths.USERS)
    assert "p058" not in everybody
    assert "theirs" in everybody
    assert "acme" in own
    assert "theirs" not in own
    assert "No matches" in words(await admin.see(paths.users(search="p%")))


async def test_a_reseller_of_many_is_found_on_the_quotas_page(
    operator: Person, many: list[Reseller]
) -> None:
    found = words(await operator.see(paths.quota_list(search="seller 0598")))

    assert "Reseller 0598" in found
    assert "Reseller 0597" not in found
    assert 'name="search"' in await operator.see(paths.QUOTAS)
    assert "No matches" in words(await operator.see(paths.quota_list(search="nobody")))
