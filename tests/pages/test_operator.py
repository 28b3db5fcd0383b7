"""The operator's pages: resellers, users, API keys, health, the audit log."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from reseller_webhooks.core.access.audit import Act, AuditLine
from reseller_webhooks.core.access.permissions import Role, Scope
from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.core.errors import NotSignedIn
from reseller_webhooks.http.pages import paths
from reseller_webhooks.http.pages.labels import audit_labels
from reseller_webhooks.operations import authentication, resellers, users, webhooks
from reseller_webhooks.operations.context import AppContext
from reseller_webhooks.store.cluster import leases
from reseller_webhooks.store.db.database import Database
from tests.pages.browser_client import OAUTH2, SECRETS, TOKEN, Person, a_webhook, tell, words
from tests.passwords import sign_in

OPERATIONS = Path(authentication.__file__).parent
PAGES = (paths.RESELLERS, paths.USERS, paths.KEYS, paths.QUOTAS, paths.WORKERS, paths.AUDIT)


@pytest.mark.parametrize("path", [one for one in PAGES if one != paths.USERS])
async def test_nobody_but_an_operator_sees_them(admin: Person, viewer: Person, path: str) -> None:
    assert (await admin.client.get(path)).status_code == 403
    assert (await viewer.client.get(path)).status_code == 403


async def test_a_reseller_is_added(operator: Person, database: Database) -> None:
    wrong = await operator.send(paths.RESELLERS, {"name": " "})
    page = words(await operator.follow(await operator.send(paths.RESELLERS, {"name": "Fabrikam"})))

    assert wrong.status_code == 422
    assert "Fabrikam was added." in page
    assert [one.name for one in resellers.page(database)] == ["Northwind", "Fabrikam"]


async def test_an_operator_invites_an_admin_of_any_reseller_and_another_operator(
    operator: Person, contoso: Reseller, context: AppContext
) -> None:
    for fields, where in (
        ({"role": "admin", "reseller": contoso.uuid}, "to the webhooks of Contoso"),
        ({"role": "operator", "reseller": contoso.uuid}, "to operate this service"),
    ):
        email = f"{fields['role']}@new.example"
        page = await operator.follow(await operator.send(paths.INVITES, {"email": email, **fields}))
        found = re.search(r'value="[^"]*(/invite/[^"]+)"', page)

        assert where in words(await Person(context).see(found[1] if found else ""))


async def test_an_admin_needs_a_reseller(operator: Person) -> None:
    fields = {"email": "x@new.example", "role": "admin", "reseller": ""}
    answer = await operator.send(paths.INVITES, fields)

    assert answer.status_code == 422
    assert "Reseller: Choose the reseller" in words(answer.text)


async def test_a_key_is_shown_once_listed_by_name_and_use_and_revoked(
    operator: Person, database: Database, northwind: Reseller
) -> None:
    fields = {"name": "CRM import", "scope": "reseller", "reseller": northwind.uuid}
    page = await operator.follow(await operator.send(paths.KEYS, fields))
    found = re.search(r'value="(rwk_[^"]+)"', page)
    key = found[1] if found else ""
    listed = await operator.see(paths.KEYS)
    before = authentication.caller(database, key)
    used = words(await operator.see(paths.KEYS))
    revoke = re.search(r'action="(/operator/api-keys/[^"]+/revoke)"', listed)
    after = words(await operator.follow(await operator.send(revoke[1] if revoke else "")))

    assert before == authentication.Caller(Scope.RESELLER, northwind.id)
    assert key not in listed
    assert "CRM import" in words(listed)
    assert words(listed).count("Never") == 1
    assert "Never" not in used
    assert "was revoked" in after
    with pytest.raises(NotSignedIn):
        authentication.caller(database, key)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"name": "", "scope": "platform"}, "Name:"),
        ({"name": "x", "scope": "everything"}, "Permissions:"),
        ({"name": "x", "scope": "reseller"}, "Reseller:"),
    ],
)
async def test_a_key_that_cannot_be_is_refused(
    operator: Person, fields: dict[str, str], told: str
) -> None:
    answer = await operator.send(paths.KEYS, fields)

    assert answer.status_code == 422
    assert told in words(answer.text)


@pytest.mark.parametrize("char", ["\u202e", "\ufeff", "\u200b", "\x07"])
async def test_a_name_or_an_address_with_what_cannot_be_seen_is_refused(
    operator: Person, database: Database, northwind: Reseller, char: str
) -> None:
    before = lines(database)
    key = {"scope": "platform", "name": f"CRM{char}import"}
    invited = {"email": f"ana{char}@acme.example", "role": "admin", "reseller": northwind.uuid}
    asked = [(paths.RESELLERS, {"name": f"Con{char}toso"}), (paths.KEYS, key)]
    for path, fields in [*asked, (paths.INVITES, invited)]:
        answer = await operator.send(path, fields)

        assert answer.status_code == 422
        assert "Holds a character that cannot be seen; leave it out." in words(answer.text)
    assert lines(database) == before


async def test_health_tells_workers_what_is_late_and_what_fails(
    operator: Person, context: AppContext, northwind: Reseller, database: Database
) -> None:
    empty = words(await operator.see(paths.WORKERS))
    tell(context, a_webhook(context, northwind))
    failing = a_webhook(context, northwind, url="https://broken.example.com/in")
    with database.write() as tx:
        until = tx.now + 60_000_000
        leases.register(tx, "worker-1", host="sender-a", version="1.0", until=until)
        leases.take(tx, "worker-1", range(250), until=until, lapsed_too=False)
        tx.connection.exec_driver_sql(
            "UPDATE webhook SET circuit = 'OPEN', circuit_reason = 'answered 503', circuit_at = 1 "
            f"WHERE id = {failing.id}"
        )
    page = words(await operator.see(paths.WORKERS))

    assert "No worker is running" in empty
    assert "sender-a 1.0" in page
    assert "250 of 256" in page
    assert "No worker owns 6 of 256 partitions" in page
    assert "1 delivery is due. The oldest has been due since" in page
    assert "https://crm.example.com/hook of Northwind" in page
    assert "1 webhook fails." in page
    assert "https://broken.example.com/in Northwind" in page
    assert "Answered 503." in page


async def test_the_audit_log_tells_who_did_what_to_a_webhook_and_no_secret(
    operator: Person, admin: Person, context: AppContext, northwind: Reseller
) -> None:
    row = a_webhook(context, northwind, auth=TOKEN)
    for step in ("pause", "resume", "rotate-secret", "delete"):
        await admin.send(paths.webhook(row.uuid, step))
    mine = await operator.see(paths.audit(one=row.uuid))
    told = words(mine)

    for text in ("paused", "resumed", "deleted"):
        assert f"Webhook {text}" in told
    assert "Signing secret rotated" in told
    assert "127.0.0.1" in told
    assert re.search(r"[\w-]+@acme.example 127.0.0.1", told)
    assert not [one for one in SECRETS if one in mine]


async def test_a_change_is_told_with_how_it_was_and_how_it_is(
    operator: Person, admin: Person, context: AppContext, northwind: Reseller
) -> None:
    row = a_webhook(context, northwind, auth=TOKEN)
    fields = [
        ("url", "https://crm.example.com/other"),
        ("resource", "COMPANY"),
        ("actions", "ADDED"),
        ("auth", "TOKEN"),
        ("token", "an0ther-s3cret"),
        ("mode", "EVERY_CHANGE"),
        ("maxInFlight", "10"),
    ]
    await admin.send(paths.webhook(row.uuid, "edit"), fields)
    page = await operator.see(paths.audit(one=row.uuid))

    assert "<del>https://crm.example.com/hook</del>" in page.replace("<wbr>", "")
    assert "<ins>https://crm.example.com/other</ins>" in page.replace("<wbr>", "")
    assert "<ins>Added</ins>" in page
    assert "Authentication: entered again" in words(page)
    assert "an0ther-s3cret" not in page


async def test_a_change_that_changes_nothing_is_not_told(
    context: AppContext, northwind: Reseller, operator: Person
) -> None:
    row = a_webhook(context, northwind)
    webhooks.resume(context.database, northwind.id, row.uuid)
    page = words(await operator.see(paths.audit(one=row.uuid)))

    assert "Webhook added" in page
    assert "resumed" not in page


async def test_what_is_undone_leaves_no_line(
    context: AppContext, northwind: Reseller, database: Database
) -> None:
    a_webhook(context, northwind)
    before = lines(database)
    with pytest.raises(Exception, match="already"):
        a_webhook(context, northwind)

    assert lines(database) == before


def lines(database: Database) -> int:
    with database.read() as tx:
        return int(tx.connection.exec_driver_sql("SELECT count(*) FROM audit").scalar_one())


async def test_the_log_is_narrowed_by_subject_person_reseller_and_day(
    operator: Person, context: AppContext, northwind: Reseller, contoso: Reseller
) -> None:
    a_webhook(context, northwind, url="https://north.example.com/")
    a_webhook(context, contoso, url="https://south.example.com/", auth=OAUTH2)

    by_reseller = words(await operator.see(paths.audit(reseller=contoso.uuid)))
    assert "south.example.com" in by_reseller
    assert "north.example.com" not in by_reseller
    user_events = words(await operator.see(paths.audit(subject="user")))
    assert "Signed in" in user_events
    assert "Webhook added" not in user_events
    assert "No matches" in words(await operator.see(paths.audit(who="eve@evil.example")))
    assert "No matches" in words(await operator.see(paths.audit(to="2001-01-01")))
    assert "Webhook added" in words(await operator.see(paths.audit(**{"from": "2001-01-01"})))
    assert "Webhook added" in words(await operator.see(f"{paths.AUDIT}?from=yesterday&before=x"))


async def test_the_log_comes_in_pages_that_miss_nothing_and_repeat_nothing(
    operator: Person, database: Database
) -> None:
    for number in range(120):
        resellers.add(database, f"Reseller {number:03}")
    seen: list[str] = []
    path = paths.audit(subject="reseller")
    while path:
        page = await operator.see(path)
        seen += re.findall(r"Reseller \d{3}", words(page.split("<tbody")[1]))
        older = re.search(r'href="([^"]+)">Older', page)
        path = older[1].replace("&amp;", "&") if older else ""

    assert seen == [f"Reseller {number:03}" for number in reversed(range(120))]


async def test_wrong_passwords_of_an_account_leave_few_lines(
    operator: Person, database: Database, northwind: Reseller
) -> None:
    users.add(database, "ana@acme.example", Role.ADMIN, northwind.uuid)
    for email in ("ana@acme.example", "nobody@acme.example"):
        for _ in range(5):
            with pytest.raises(NotSignedIn):
                sign_in(database, email, "wrong")
    page = words(await operator.see(paths.audit(subject="user")))

    assert page.count("Sign-in refused: wrong password") == 3
    assert "nobody@acme.example" not in page


@pytest.mark.parametrize("path", PAGES)
async def test_every_page_is_titled_and_names_where_one_is(operator: Person, path: str) -> None:
    page = await operator.see(path)

    assert page.count("<h1") == 1
    assert page.count('aria-current="page"') == 2


def test_every_act_has_its_words() -> None:
    unknown = AuditLine(1, 1, None, "", "person", "", "", "", "", "", {})

    assert [one for one in Act if audit_labels.act(replace(unknown, act=one)) == one] == []
    assert {one.subject for one in Act} == set(audit_labels.SUBJECTS)


def test_every_field_of_an_act_has_its_words() -> None:
    known = set(audit_labels.FIELDS) | audit_labels.INSTANTS
    written = {name for path in OPERATIONS.glob("*.py") for name in details_in(path)}

    assert {"role", "scope", "by", "rate", "sessions", "authentication"} <= written
    assert written - known == set()


def details_in(path: Path) -> Iterator[str]:
    """The names of what lines of the audit log tell, as a module writes them."""
    text = path.read_text()
    for line in re.findall(r"(?:asked|ended|refused|audit\.write.*?) ?[=,(] ?({.*?})", text):
        yield from re.findall(r'"([a-z_ ]+)":', line)
    yield from re.findall(r'found\["([a-z]+)"\] = ENTERED', text)
    for names in re.findall(r"_S(?:HOWN|ETTINGS) = \((.*?)\)\n", text):
        yield from re.findall(r'"([a-z_]+)"', names)
