"""What no page may do, tried on every route there is: a new one is tried as soon as it is added."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.routing import APIRoute

from reseller_webhooks.core.access.permissions import Role
from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.core.enums import Resource
from reseller_webhooks.core.webhooks.webhook_row import WebhookRow
from reseller_webhooks.http.pages import paths
from reseller_webhooks.http.pages.app import AREAS
from reseller_webhooks.operations import backfills, invites, users, webhooks
from reseller_webhooks.operations.context import AppContext
from tests.delivery_ids import shown_id
from tests.pages.browser_client import (
    HOST,
    OAUTH2,
    SECRETS,
    TOKEN,
    Person,
    a_webhook,
    tell,
    token_in,
    words,
)

OPEN = {"/", paths.SIGN_IN, f"{paths.SIGN_IN}/{{token}}", f"{paths.INVITE}/{{token}}"}
OPEN |= {paths.OPENID, paths.OPENID_BACK, f"{paths.STOP_ALERTS}/{{token}}"}
"""What nobody has to sign in for."""


def routes(method: str) -> Iterator[str]:
    for area in AREAS:
        for route in area.routes:
            if isinstance(route, APIRoute) and method in route.methods:
                yield route.path


READS = sorted(routes("GET"))
STREAM, RECORD = f"{paths.LOG}/stream", f"{paths.RECORDS}/{{resource}}/{{uuid:path}}"
"""One never ends, and the other needs a record; both have tests of their own."""
QUOTAS = f"{paths.QUOTAS}/{{uuid}}"
"""Names a reseller, where the others name a webhook or delivery."""
WRITES = sorted(routes("POST"))
ABOUT_WEBHOOKS = [path for path in WRITES if path.startswith(paths.WEBHOOKS)]
BACK = ("GET", f"{paths.WEBHOOKS}/{{uuid}}/test")
"""Who comes back to a test's address is sent on without a look."""
OF_ONE = [
    (method, path)
    for method, some in (("GET", READS), ("POST", WRITES))
    for path in some
    if path.startswith(paths.WEBHOOKS) and "{" in path and (method, path) != BACK
]
"""What names one webhook or delivery."""


BEFORE_CHOICE = {
    paths.CHOOSE, f"{paths.CHOOSE}/invites/{{uuid}}", paths.SIGN_OUT, paths.LANGUAGE
}  # fmt: skip
"""What somebody may do who has to choose a reseller yet."""
OF_USERS = [("POST", path) for path in WRITES if path.startswith(f"{paths.USERS}/") and "{" in path]
"""What names a user or an invite."""


@pytest.fixture
def row(context: AppContext, northwind: Reseller) -> WebhookRow:
    return a_webhook(context, northwind, auth=TOKEN)


def filled(path: str, row: WebhookRow, context: AppContext) -> str:
    """A route's path with the ids of what is there."""
    if "{shown}" in path:
        (number,) = tell(context, row)
        return path.format(shown=shown_id(number))
    if path.startswith(paths.JOBS):
        backfills.begin(context.database, row.reseller_id, row.uuid)
    return named(path, uuid=row.uuid, token="no-token", reseller="no-reseller")


def named(path: str, **given: str) -> str:
    """A route's path with ids, whatever the route lets them be."""
    return path.replace(":path}", "}").format(resource="COMPANY", **given)


def everything(context: AppContext) -> Any:
    with context.database.read() as tx:
        tables = ["webhook", "delivery", "attempt", "session", "person", "sign_in_link"]
        tables += ["api_key", "invite", "reseller", "audit", "backfill", "job"]
        tables += ["membership", "identity"]
        return [
            tx.connection.exec_driver_sql(f"SELECT * FROM {table}").fetchall() for table in tables
        ]


@pytest.mark.parametrize("path", [path for path in READS if path not in OPEN])
async def test_nobody_sees_a_page_without_signing_in(
    context: AppContext, nobody: Person, row: WebhookRow, path: str
) -> None:
    answer = await nobody.client.get(filled(path, row, context))

    assert answer.status_code == 303
    assert answer.headers["location"].startswith(paths.SIGN_IN)


@pytest.mark.parametrize("path", WRITES)
async def test_a_form_without_a_session_changes_nothing(
    context: AppContext, nobody: Person, row: WebhookRow, path: str
) -> None:
    place, before = filled(path, row, context), everything(context)
    answer = await nobody.send_raw(place, [("form-token", "")])

    assert answer.status_code == 403
    assert everything(context) == before


FORGERIES: list[tuple[str, dict[str, str]]] = [
    ("", {}),
    ("guessed", {}),
    ("right", {"origin": "https://evil.example"}),
    ("right", {"origin": "null"}),
    ("right", {"origin": ""}),
    ("right", {"sec_fetch_site": "cross-site"}),
    ("right", {"sec_fetch_site": "same-site"}),
]
"""Form tokens and headers that no form of these pages sends."""


@pytest.mark.parametrize("path", WRITES)
async def test_a_forged_form_changes_nothing(
    context: AppContext, operator: Person, row: WebhookRow, path: str
) -> None:
    place, right = filled(path, row, context), await operator.token()
    before = everything(context)
    for token, headers in FORGERIES:
        form = [("form-token", token.replace("right", right))]
        answer = await operator.send_raw(place, form, **headers)

        assert answer.status_code == 403, (token, headers)
        assert everything(context) == before, (token, headers)


@pytest.mark.parametrize("origin", ["http://[", "http://]", "//[", "://", "http://[::1]x"])
async def test_an_origin_that_is_none_is_another_site(nobody: Person, origin: str) -> None:
    token = token_in(await nobody.see(paths.SIGN_IN))
    answer = await nobody.send_raw(paths.SIGN_IN, [("form-token", token)], origin=origin)

    assert answer.status_code == 403
    assert "was not sent from this site" in words(answer.text)


async def test_a_form_passes_by_fetch_metadata_as_well_as_by_origin(admin: Person) -> None:
    by_origin = await admin.send(paths.ADD, origin=HOST)
    by_metadata = await admin.send(paths.ADD, origin="", sec_fetch_site="same-origin")

    assert (by_origin.status_code, by_metadata.status_code) == (422, 422)


async def test_the_sign_in_form_of_one_browser_is_no_good_in_another(
    context: AppContext, nobody: Person
) -> None:
    stolen = token_in(await Person(context).see(paths.SIGN_IN))
    await nobody.see(paths.SIGN_IN)
    fields = [("email", "ana@acme.example"), ("password", "x"), ("form-token", stolen)]

    assert (await nobody.send_raw(paths.SIGN_IN, fields)).status_code == 403


@pytest.mark.parametrize("path", ABOUT_WEBHOOKS)
async def test_a_viewer_changes_nothing(
    context: AppContext, viewer: Person, row: WebhookRow, path: str
) -> None:
    place, before = filled(path, row, context), everything(context)
    answer = await viewer.send(place)

    assert answer.status_code == 403
    assert everything(context) == before


async def test_a_viewer_is_offered_nothing_that_changes(
    context: AppContext, viewer: Person, row: WebhookRow
) -> None:
    (number,) = tell(context, row)
    places = [paths.WEBHOOKS, paths.LOG, paths.webhook(row.uuid), paths.delivery(shown_id(number))]
    for place in places:
        page = await viewer.see(place)

        assert page.count("<form") - page.count('method="get"') == 2, "sign out, language"
        assert paths.ADD not in page
        assert "/edit" not in page
        assert "/delete" not in page


@pytest.mark.parametrize("path", [paths.ADD, f"{paths.WEBHOOKS}/{{uuid}}/edit"])
async def test_a_viewer_sees_no_form(
    context: AppContext, viewer: Person, row: WebhookRow, path: str
) -> None:
    assert (await viewer.client.get(filled(path, row, context))).status_code == 403


@pytest.mark.parametrize(("method", "path"), OF_ONE)
async def test_what_is_another_resellers_is_not_there(
    context: AppContext, admin: Person, contoso: Reseller, method: str, path: str
) -> None:
    theirs = a_webhook(context, contoso, auth=TOKEN)
    place, before = filled(path, theirs, context), everything(context)
    answer = await (admin.client.get(place) if method == "GET" else admin.send(place))

    assert answer.status_code == 404
    assert theirs.url not in answer.text
    assert everything(context) == before


@pytest.mark.parametrize(("method", "path"), OF_ONE)
async def test_somebody_of_two_resellers_has_only_the_things_of_the_chosen_one(
    context: AppContext, northwind: Reseller, contoso: Reseller, method: str, path: str
) -> None:
    person = await of_both(context, northwind, contoso)
    place = filled(path, a_webhook(context, contoso, auth=TOKEN), context)
    before = everything(context)
    answer = await (person.client.get(place) if method == "GET" else person.send(place))

    assert answer.status_code == 404
    assert everything(context) == before


@pytest.mark.parametrize("path", sorted({*READS, *WRITES} - OPEN - BEFORE_CHOICE))
async def test_somebody_who_has_not_chosen_a_reseller_reaches_nothing(
    context: AppContext, northwind: Reseller, contoso: Reseller, row: WebhookRow, path: str
) -> None:
    person = await of_both(context, northwind, contoso, chosen=None)
    place = filled(path, row, context)
    token = token_in(await person.see(paths.CHOOSE))
    before = everything(context)
    answers = [
        await person.client.get(place),
        await person.send_raw(place, [("form-token", token)]),
    ]

    allowed = {303, 404, 405}
    assert {one.status_code for one in answers} <= allowed
    for one in answers:
        assert one.status_code != 303 or one.headers["location"].startswith(paths.CHOOSE)
    assert everything(context) == before


@pytest.mark.parametrize(("method", "path"), OF_USERS)
async def test_what_an_admin_of_another_reseller_manages_is_not_there(
    context: AppContext, admin: Person, contoso: Reseller, method: str, path: str
) -> None:
    users.add(context.database, "eve@contoso.example", Role.ADMIN, contoso.uuid)
    invites.invite(context.database, "fay@contoso.example", Role.ADMIN, contoso.uuid)
    (theirs,) = users.page(context.database, contoso.id)
    (invite,) = invites.page(context.database, contoso.id)
    before = everything(context)
    answers = [
        await admin.send(path.format(uuid=uuid)) for uuid in (theirs.uuid, invite.uuid, "nobody")
    ]

    assert {one.status_code for one in answers} == {404}
    assert len({one.text for one in answers}) == 1
    assert everything(context) == before


async def of_both(
    context: AppContext, first: Reseller, second: Reseller, chosen: str | None = "first"
) -> Person:
    """Somebody who belongs to two resellers, and has turned to the first if to any."""
    email = "two@acme.example"
    for reseller in (first, second):
        users.add(context.database, email, Role.ADMIN, reseller.uuid)
    person = Person(context)
    await person.opens(f"{paths.SIGN_IN}/{users.link_for(context.database, email)}")
    if chosen:
        (one,) = users.memberships_of(context.database, email, first.uuid)
        token = token_in(await person.see(paths.CHOOSE))
        await person.send_raw(paths.CHOOSE, [("membership", one.uuid), ("form-token", token)])
    return person


@pytest.mark.parametrize(("method", "path"), OF_ONE)
async def test_what_never_was_looks_just_like_what_is_another_resellers(
    context: AppContext, admin: Person, contoso: Reseller, method: str, path: str
) -> None:
    theirs = filled(path, a_webhook(context, contoso), context)
    nowhere = named(path, uuid="00000000-0000-4000-8000-000000000000", shown="dlv_987654321")
    look = admin.client.get if method == "GET" else admin.send
    answers = [await look(theirs), await look(nowhere)]

    assert answers[0].status_code == answers[1].status_code == 404
    assert answers[0].text == answers[1].text


async def test_lists_show_nothing_of_another_reseller(
    context: AppContext, admin: Person, contoso: Reseller
) -> None:
    theirs = a_webhook(context, contoso, url="https://contoso.example.com/hook")
    tell(context, theirs)

    for path in (paths.WEBHOOKS, paths.LOG):
        assert "contoso" not in await admin.see(path)
    filtered = await admin.client.get(paths.log(webhook=theirs.uuid))
    assert filtered.status_code == 404


async def test_a_view_of_what_is_not_there_is_refused_before_it_begins(
    context: AppContext, admin: Person, contoso: Reseller
) -> None:
    for one in ("nope", a_webhook(context, contoso).uuid):
        answer = await admin.client.get(paths.log_stream(webhook=one))

        assert answer.status_code == 404
        assert answer.headers["content-type"].startswith("text/html")


async def test_an_operator_who_has_turned_to_one_reseller_does_not_see_the_others(
    context: AppContext, operator: Person, contoso: Reseller
) -> None:
    theirs = a_webhook(context, contoso)

    assert (await operator.client.get(paths.webhook(theirs.uuid))).status_code == 404


@pytest.mark.parametrize("path", sorted(set(READS) - OPEN - {STREAM, RECORD}))
async def test_no_page_shows_a_secret(
    context: AppContext, operator: Person, northwind: Reseller, path: str
) -> None:
    for auth, resource in ((TOKEN, Resource.COMPANY), (OAUTH2, Resource.LEAD)):
        row = a_webhook(context, northwind, auth=auth, resource=resource)
        wanted = paths.quotas(northwind.uuid) if path == QUOTAS else filled(path, row, context)
        answer = await operator.client.get(wanted)
        signing = webhooks.open_webhook(context.box, row, 0).secret

        assert answer.status_code in (200, 303)
        assert not [one for one in (*SECRETS, signing) if one in answer.text]
