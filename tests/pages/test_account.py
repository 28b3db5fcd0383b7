"""One's own account and one's colleagues': sessions, invites, links, locks."""

import re

import pytest

from reseller_webhooks.core.access.permissions import Role
from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.http.pages import paths
from reseller_webhooks.http.pages.labels import user_agent
from reseller_webhooks.operations import authentication, users
from reseller_webhooks.operations.context import AppContext
from reseller_webhooks.store.db.database import Database
from tests.pages.browser_client import Person, token_in, words
from tests.passwords import sign_in

PASSWORD = "correct horse battery"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:143.0) Gecko/20100101 Firefox/143.0"
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/19.0 Mobile/15E148 Safari/604.1"
)
EDGE = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0"
)


async def also_in(context: AppContext, first: Person, agent: str) -> Person:
    """The same person in another browser."""
    email = re.search(r"[\w-]+@acme.example", await first.see(paths.ACCOUNT))
    link = users.link_for(context.database, email[0] if email else "")
    second = Person(context)
    second.client.headers["user-agent"] = agent
    await second.opens(f"{paths.SIGN_IN}/{link}")
    return second


@pytest.mark.parametrize(
    ("agent", "told"),
    [
        (FIREFOX, "Firefox on Windows"),
        (SAFARI, "Safari on an iPhone"),
        (EDGE, "Edge on a Mac"),
        ("curl/8.5.0", "curl"),
        ("", "An unknown device"),
        ("<script>", "An unknown device"),
    ],
)
def test_a_browser_is_told_in_words(agent: str, told: str) -> None:
    assert user_agent.describe_browser(agent) == told


async def test_sessions_tell_device_address_and_when(context: AppContext, admin: Person) -> None:
    await also_in(context, admin, FIREFOX)
    page = words(await admin.see(paths.ACCOUNT))

    assert "Firefox on Windows 127.0.0.1" in page
    assert "This browser" in page


async def test_one_other_session_is_ended(context: AppContext, admin: Person) -> None:
    other = await also_in(context, admin, FIREFOX)
    third = await also_in(context, admin, SAFARI)
    page = await admin.see(paths.ACCOUNT)
    rows = [row for row in page.split("<tr") if "Firefox on Windows" in row]
    path = re.search(r'action="(/account/sessions/[^"]+)"', rows[0])
    told = words(await admin.follow(await admin.send(path[1] if path else "")))

    assert "That browser was signed out." in told
    assert (await other.client.get(paths.ACCOUNT)).status_code == 303
    assert (await third.client.get(paths.ACCOUNT)).status_code == 200


async def test_all_other_sessions_are_ended_at_once(context: AppContext, admin: Person) -> None:
    others = [await also_in(context, admin, agent) for agent in (FIREFOX, SAFARI)]
    await admin.send(f"{paths.SESSIONS}/end-others")

    assert [(await one.client.get(paths.ACCOUNT)).status_code for one in others] == [303, 303]
    assert (await admin.client.get(paths.ACCOUNT)).status_code == 200


async def test_nobody_ends_the_session_of_another(
    context: AppContext, admin: Person, viewer: Person, database: Database
) -> None:
    with database.read() as tx:
        ids = tx.connection.exec_driver_sql("SELECT uuid FROM session").scalars().all()
    for uuid in ids:
        await admin.send(paths.session(uuid))

    assert (await viewer.client.get(paths.ACCOUNT)).status_code == 200


async def test_the_present_password_cannot_be_guessed_from_inside(admin: Person) -> None:
    await admin.send(paths.ACCOUNT, {"new": PASSWORD})
    wrong = {"old": "wrong", "new": "another long one"}
    codes = [(await admin.send(paths.ACCOUNT, wrong)).status_code for _ in range(6)]

    assert codes == [422] * 5 + [429]


async def test_new_passwords_are_limited_as_guesses_are(admin: Person) -> None:
    codes, old = [], ""
    for number in range(6):
        new = f"{PASSWORD} {number}"
        codes.append((await admin.send(paths.ACCOUNT, {"old": old, "new": new})).status_code)
        old = new

    assert codes == [303] * 5 + [429]


async def test_an_invite_lets_a_colleague_in_once(
    context: AppContext, admin: Person, nobody: Person, northwind: Reseller
) -> None:
    path = await invited(admin, email="Bea@acme.example", role="viewer")
    form = await nobody.see(path)
    short = await nobody.send_raw(path, [("new", "short"), ("form-token", token_in(form))])
    entered = await nobody.send_raw(path, [("new", PASSWORD), ("form-token", token_in(form))])
    again = await Person(context).client.get(path)

    assert "to the webhooks of Northwind" in words(form)
    assert short.status_code == 422
    assert entered.headers["location"] == paths.WEBHOOKS
    assert "Viewer: sees webhooks" in words(await nobody.see(paths.ACCOUNT))
    assert again.status_code == 410
    visitor = sign_in(context.database, "bea@acme.example", PASSWORD)
    assert authentication.visitor(context.database, visitor).reseller_id == northwind.id


async def invited(host: Person, **fields: str) -> str:
    """The path of an invite's link, as the page shows it once."""
    page = await host.follow(await host.send(paths.INVITES, fields))
    found = re.search(r'value="[^"]*(/invite/[^"]+)"', page)
    assert found, words(page)
    assert found[1] not in await host.see(paths.USERS)
    return found[1]


async def test_a_withdrawn_invite_opens_nothing(admin: Person, nobody: Person) -> None:
    path = await invited(admin, email="bea@acme.example", role="admin")
    listed = await admin.see(paths.USERS)
    withdraw = re.search(r'action="(/users/invites/[^"]+)"', listed)
    await admin.send(withdraw[1] if withdraw else "")

    assert "bea@acme.example" in listed
    assert (await nobody.client.get(path)).status_code == 410


async def test_an_invite_lives_a_week(admin: Person, nobody: Person, database: Database) -> None:
    path = await invited(admin, email="bea@acme.example", role="admin")
    with database.write() as tx:
        tx.connection.exec_driver_sql("UPDATE invite SET expires_at = 1")

    assert (await nobody.client.get(path)).status_code == 410


@pytest.mark.parametrize(
    ("fields", "status", "told"),
    [
        ({"email": "bea", "role": "admin"}, 422, "E-mail address:"),
        ({"email": "bea@acme.example", "role": "operator"}, 422, "Role:"),
        ({"email": "bea@acme.example", "role": "king"}, 422, "Role:"),
        ({"email": "ANA@acme.example", "role": "admin"}, 409, "There is already a user"),
    ],
)
async def test_an_admin_invites_nobody_who_cannot_be(
    admin: Person, database: Database, northwind: Reseller, fields: dict[str, str], status: int,
    told: str,
) -> None:  # fmt: skip
    users.add(database, "ana@acme.example", Role.ADMIN, northwind.uuid)
    answer = await admin.send(paths.INVITES, fields)

    assert answer.status_code == status
    assert told in words(answer.text)
    assert fields["email"] in answer.text


async def test_an_admin_sees_and_locks_colleagues_and_nobody_else(
    context: AppContext, admin: Person, viewer: Person, contoso: Reseller, database: Database
) -> None:
    users.add(database, "eve@contoso.example", Role.ADMIN, contoso.uuid)
    with database.read() as tx:
        statement = "SELECT uuid, email, role FROM person"
        rows = tx.connection.exec_driver_sql(statement).all()
    ids = {row.role if "acme" in row.email else "eve": row.uuid for row in rows}
    listed = await admin.see(paths.USERS)

    assert "eve@contoso.example" not in listed
    for step in ("lock", "unlock", "link"):
        assert (await admin.send(paths.user(ids["eve"], step))).status_code == 404
    assert (await admin.send(paths.user(ids["admin"], "lock"))).status_code == 403
    assert (await admin.send(paths.user(ids["viewer"], "lock"))).status_code == 303
    assert (await viewer.client.get(paths.ACCOUNT)).status_code == 303
    assert "Locked" in words(await admin.see(paths.USERS))


async def test_who_is_locked_comes_in_by_no_way_until_unlocked(
    context: AppContext, admin: Person, database: Database, northwind: Reseller
) -> None:
    users.add(database, "bea@acme.example", Role.VIEWER, northwind.uuid)
    with database.read() as tx:
        uuid = tx.connection.exec_driver_sql(
            "SELECT uuid FROM person WHERE email = 'bea@acme.example'"
        ).scalar_one()
    link = await shown_link(admin, uuid)
    await admin.send(paths.user(uuid, "lock"))
    late = await Person(context).client.get(link)
    await admin.send(paths.user(uuid, "unlock"))
    fresh = await Person(context).opens(await shown_link(admin, uuid))

    assert (late.status_code, fresh.status_code) == (410, 303)


async def shown_link(host: Person, uuid: str) -> str:
    page = await host.follow(await host.send(paths.user(uuid, "link")))
    found = re.search(r'value="[^"]*(/sign-in/[^"]+)"', page)
    assert found, words(page)
    return found[1]


async def forgetful(context: AppContext, host: Person, reseller: Reseller) -> tuple[Person, Person]:
    """Somebody with a password in one browser, and in another by a link that a host has made."""
    first = await Person(context).enters(Role.VIEWER, reseller)
    await first.send(paths.ACCOUNT, {"new": PASSWORD})
    found = re.search(r"[\w-]+@acme.example", await first.see(paths.ACCOUNT))
    second = Person(context)
    await second.opens(
        await shown_link(
            host, users.memberships_of(context.database, found[0] if found else "")[0].uuid
        )
    )
    return first, second


async def test_a_forgotten_password_is_set_anew_after_a_link(
    context: AppContext, admin: Person, operator: Person, northwind: Reseller
) -> None:
    for host in (admin, operator):
        elsewhere, here = await forgetful(context, host, northwind)
        hinted = words(await here.see(paths.WEBHOOKS))
        form = await here.see(paths.ACCOUNT)
        answer = await here.send(paths.ACCOUNT, {"new": f"{PASSWORD} anew"})
        once_more = await here.send(paths.ACCOUNT, {"new": PASSWORD})

        assert "If you have forgotten your password" in hinted
        assert 'name="old"' not in form
        assert answer.status_code == 303
        assert (await elsewhere.client.get(paths.ACCOUNT)).status_code == 303
        assert "Current password: This is not the current password." in words(once_more.text)
    page = words(await operator.see(paths.audit(subject="user")))

    assert page.count("Password set") == 4
    assert len(re.findall(r"Password set \S+ Northwind Signed in with: a sign-in link", page)) == 2


async def test_the_old_password_is_asked_for_half_an_hour_after_a_link(
    context: AppContext, admin: Person, northwind: Reseller, database: Database
) -> None:
    elsewhere, here = await forgetful(context, admin, northwind)
    with database.write() as tx:
        tx.connection.exec_driver_sql(
            "UPDATE session SET password_reset_until = 1 WHERE password_reset_until IS NOT NULL"
        )
    late = await here.send(paths.ACCOUNT, {"new": "another long one"})
    other = await elsewhere.send(paths.ACCOUNT, {"new": "another long one"})

    assert (late.status_code, other.status_code) == (422, 422)
    assert "Forgotten? Ask an admin" in words(await here.see(paths.ACCOUNT))


async def test_a_link_lets_only_its_own_session_set_a_password(
    context: AppContext, admin: Person, northwind: Reseller
) -> None:
    elsewhere, _here = await forgetful(context, admin, northwind)

    assert (await elsewhere.send(paths.ACCOUNT, {"new": "another long one"})).status_code == 422


async def test_an_admin_makes_no_link_for_operators_others_and_themselves(
    admin: Person, operator: Person, contoso: Reseller, database: Database
) -> None:
    users.add(database, "eve@contoso.example", Role.ADMIN, contoso.uuid)
    with database.read() as tx:
        rows = tx.connection.exec_driver_sql("SELECT uuid, email, role FROM person").all()
    ids = {row.role if "acme" in row.email else "eve": row.uuid for row in rows}
    codes = [
        (await host.send(paths.user(ids[whose], "link"))).status_code
        for host, whose in (
            (admin, "operator"),
            (admin, "eve"),
            (admin, "admin"),
            (operator, "operator"),
            (operator, "eve"),
        )
    ]

    assert codes == [404, 404, 403, 403, 303]


async def test_a_viewer_sees_no_users(viewer: Person) -> None:
    assert (await viewer.client.get(paths.USERS)).status_code == 403


async def test_the_way_back_to_webhooks_is_in_the_header(
    admin: Person, viewer: Person, nobody: Person
) -> None:
    link = f'<a class="area" href="{paths.WEBHOOKS}"'

    assert link in await admin.see(paths.USERS)
    assert link in await admin.see(paths.ACCOUNT)
    assert link in await viewer.see(paths.ACCOUNT)
    assert link not in await nobody.see(paths.SIGN_IN)
