"""A person of several resellers on the pages; and what an admin of one learns of the others."""

import re
from collections.abc import Sequence

import httpx
import pytest

from reseller_webhooks.core.access.permissions import Role
from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.http.pages import paths
from reseller_webhooks.operations import invites, users
from reseller_webhooks.operations.context import AppContext
from tests.pages.browser_client import Person, a_webhook, token_in, words
from tests.pages.test_account import invited, shown_link

ANA, BOB = "anna@acme.example", "bert@acme.example"
PASSWORD, ANOTHER = "correct horse battery", "another long password"


async def accepts(person: Person, link: str, password: str = PASSWORD) -> httpx.Response:
    form = await person.see(link)
    return await person.send_raw(link, [("new", password), ("form-token", token_in(form))])


async def joins(context: AppContext, reseller: Reseller, email: str = ANA) -> Person:
    """Somebody who accepts an invite in a browser of their own, with the same password always."""
    person = Person(context)
    token = invites.invite(context.database, email, Role.ADMIN, reseller.uuid)
    await accepts(person, f"{paths.INVITE}/{token}")
    return person


async def signs_in(
    context: AppContext, email: str = ANA, password: str = PASSWORD
) -> httpx.Response:
    return (await signed_in(context, email, password))[1]


async def signed_in(
    context: AppContext, email: str = ANA, password: str = PASSWORD, wanted: str = ""
) -> tuple[Person, httpx.Response]:
    person = Person(context)
    token = token_in(await person.see(paths.SIGN_IN))
    fields = [("email", email), ("password", password), ("next", wanted), ("form-token", token)]
    return person, await person.send_raw(paths.SIGN_IN, fields)


async def chooses(person: Person, name: str, page: str = "", wanted: str = "") -> httpx.Response:
    """Press the button of a reseller on the page where one is chosen."""
    html = page or await person.see(paths.CHOOSE)
    buttons = dict(re.findall(r'value="([^"]+)"><strong>([^<]+)</strong>', html))
    (uuid,) = [uuid for uuid, shown in buttons.items() if shown == name]
    fields = [("membership", uuid), ("next", wanted), ("form-token", token_in(html))]
    return await person.send_raw(paths.CHOOSE, fields)


@pytest.fixture
async def ana(context: AppContext, northwind: Reseller, contoso: Reseller) -> Person:
    """Belongs to both, and has turned to Contoso."""
    await joins(context, northwind)
    return await joins(context, contoso)


async def test_somebody_of_several_resellers_chooses_on_sign_in_and_goes_where_they_wanted(
    context: AppContext, ana: Person
) -> None:
    person, entered = await signed_in(context, wanted=paths.LOG)
    early = await person.client.get(paths.USERS)
    page = await person.follow(entered)
    opened = await chooses(person, "Northwind", page, paths.LOG)

    assert early.headers["location"] == f"{paths.CHOOSE}?next=%2Fusers"
    assert f'name="next" value="{paths.LOG}"' in page
    assert opened.headers["location"] == paths.LOG
    assert "for Northwind" in words(await person.see(paths.USERS))


async def test_a_switch_changes_session_and_form_token(context: AppContext, ana: Person) -> None:
    form = await ana.see(paths.USERS)
    before = dict(ana.client.cookies)
    options = dict(re.findall(r'<option value="([^"]+)" [^>]*>([^<]+)</option>', form))
    (uuid,) = [uuid for uuid, shown in options.items() if shown.strip() == "Northwind"]
    switched = await ana.send(paths.CHOOSE, {"membership": uuid})
    fields = [("email", "x@acme.example"), ("role", "viewer"), ("form-token", token_in(form))]
    stale = await ana.send_raw(paths.INVITES, fields)
    old = Person(context)
    old.client.cookies.update(before)

    assert switched.status_code == 303
    assert "for Northwind" in words(await ana.see(paths.USERS))
    assert stale.status_code == 403
    assert (await old.client.get(paths.USERS)).headers["location"].startswith(paths.SIGN_IN)
    assert invites.page(context.database, None) == []


async def test_whoever_has_chosen_one_sees_nothing_of_the_other(
    context: AppContext, ana: Person, northwind: Reseller, contoso: Reseller
) -> None:
    theirs = a_webhook(context, northwind)
    here = a_webhook(context, contoso)

    assert (await ana.client.get(paths.webhook(theirs.uuid))).status_code == 404
    assert (await ana.client.get(paths.webhook(here.uuid))).status_code == 200


async def test_nobody_enters_what_they_do_not_belong_to(
    context: AppContext, admin: Person, ana: Person
) -> None:
    rows = users.page(context.database, None)
    for one in rows:
        if one.email == ANA:
            answer = await admin.send(paths.CHOOSE, {"membership": one.uuid})
            assert answer.status_code == 404
    assert (await admin.send(paths.accept("nope"))).status_code == 404
    assert (await admin.send(paths.CHOOSE, {"membership": ""})).status_code == 404


async def test_a_removal_leaves_the_others(context: AppContext, admin: Person, ana: Person) -> None:
    (one,) = [row for row in users.page(context.database, None) if row.reseller == "Northwind"][1:]
    told = words(await admin.follow(await admin.send(paths.user(one.uuid, "remove"))))
    myself = users.page(context.database, None)[0].uuid

    assert f"{ANA} was removed" in told
    assert (await admin.send(paths.user(myself, "remove"))).status_code == 403
    assert "for Contoso" in words(await ana.see(paths.USERS))
    assert (await signs_in(context)).headers["location"] == paths.WEBHOOKS


class TestWhatAnAdminLearns:
    """Each step is done for somebody who belongs to another reseller, and for somebody unknown."""

    async def test_nothing_by_inviting_and_opening_the_invite_themselves(
        self, context: AppContext, admin: Person, contoso: Reseller
    ) -> None:
        await joins(context, contoso, ANA)
        told = [await self._invite(context, admin, email) for email in (ANA, BOB)]

        assert told[0] == told[1]

    async def _invite(self, context: AppContext, admin: Person, email: str) -> Sequence[object]:
        link = await invited(admin, email=email, role="viewer")
        holder = Person(context)
        form = await holder.see(link)
        short = await accepts(holder, link, "short")
        accepted = await accepts(holder, link, ANOTHER)
        pages = [await holder.see(path) for path in (paths.WEBHOOKS, paths.ACCOUNT, paths.CHOOSE)]
        again = await signs_in(context, email, ANOTHER)
        seen = [form, short.text, *pages]
        where = [accepted.headers["location"], again.headers["location"]]
        return [*where, short.status_code, *(plain(html, email) for html in seen)]

    async def test_nothing_by_a_link_that_they_open_themselves(
        self, context: AppContext, admin: Person, northwind: Reseller, contoso: Reseller
    ) -> None:
        for reseller in (contoso, northwind):
            await joins(context, reseller, ANA)
        await joins(context, northwind, BOB)
        told = [await self._link(context, admin, email) for email in (ANA, BOB)]

        assert told[0] == told[1]
        assert (await signs_in(context, ANA)).headers["location"] == paths.WEBHOOKS
        assert (await signs_in(context, BOB)).status_code == 401

    async def _link(self, context: AppContext, admin: Person, email: str) -> Sequence[object]:
        rows = users.memberships_of(context.database, email)
        (uuid,) = [one.uuid for one in rows if one.reseller == "Northwind"]
        holder = Person(context)
        entered = await holder.opens(await shown_link(admin, uuid))
        pages = [await holder.see(path) for path in (paths.WEBHOOKS, paths.ACCOUNT)]
        sessions = await holder.send(f"{paths.SESSIONS}/end-others")
        changed = await holder.send(paths.ACCOUNT, {"new": ANOTHER})
        after = await holder.see(paths.ACCOUNT)
        again = await signs_in(context, email, ANOTHER)
        places = [one.headers["location"] for one in (entered, sessions, changed, again)]
        history = await admin.see(f"{paths.HISTORY}?who={email}")
        names = [one[0] for one in cookies(entered)]
        return [*places, names, *(plain(html, email) for html in (*pages, after, history))]

    async def test_nothing_of_when_somebody_was_seen_or_signed_in_elsewhere(
        self, context: AppContext, admin: Person, northwind: Reseller, contoso: Reseller
    ) -> None:
        await joins(context, northwind)
        await joins(context, contoso)
        before = await admin.see(paths.USERS), await admin.see(paths.HISTORY)
        await signs_in(context, ANA, "wrong password")
        person, _ = await signed_in(context)
        await chooses(person, "Contoso")
        await person.send(paths.ACCOUNT, {"old": "wrong", "new": ANOTHER})

        assert (await admin.see(paths.USERS), await admin.see(paths.HISTORY)) == before


def plain(html: str, email: str) -> str:
    """What a page says, without the address, times, tokens and the numbers that ids are."""
    text = re.sub(r'(name="form-token" value|datetime|href|action)="[^"]*"', "", html)
    text = text.replace("<wbr>", "").replace(email, "EMAIL")
    return re.sub(r"\d{1,2} \w{3} \d{4}, \d\d:\d\d:\d\d UTC|[\w-]{36,}", "SOME", text)


def cookies(answer: httpx.Response) -> list[Sequence[str]]:
    return [one.partition("=") for one in answer.headers.get_list("set-cookie")]


async def test_an_admin_changes_a_colleagues_role_and_it_is_audited(
    context: AppContext, northwind: Reseller, admin: Person
) -> None:
    users.add(context.database, "ben@acme.example", Role.VIEWER, northwind.uuid)
    ben = users.memberships_of(context.database, "ben@acme.example")[0].uuid
    told = words(await admin.follow(await admin.send(paths.user(ben, "role"), {"role": "admin"})))

    assert "ben@acme.example is an admin now." in told
    assert users.memberships_of(context.database, "ben@acme.example")[0].role == Role.ADMIN
    assert "Role changed ben@acme.example" in (audit := words(await admin.see(paths.HISTORY)))
    assert "Role: Viewer" in audit
    refused = await admin.send(paths.user(ben, "role"), {"role": "operator"})
    assert refused.status_code == 403


async def test_the_last_admin_keeps_the_role_and_a_viewer_changes_none(
    context: AppContext, northwind: Reseller, admin: Person, viewer: Person
) -> None:
    found = users.page(context.database, northwind.id)
    mine = next(one.uuid for one in found if one.role == Role.ADMIN)
    told = words(await admin.follow(await admin.send(paths.user(mine, "role"), {"role": "viewer"})))

    assert "The role was not changed. You are the last admin here" in told
    assert (await viewer.send(paths.user(mine, "role"), {"role": "viewer"})).status_code == 403
