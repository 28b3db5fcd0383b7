"""The records: lists, search, and on one page whether a webhook is in sync."""

from typing import Any
from uuid import uuid4

import orjson
import pytest

from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.core.deliveries.attempts import from_status
from reseller_webhooks.core.deliveries.delivery import State
from reseller_webhooks.core.enums import Action, Resource
from reseller_webhooks.core.records.record import Record
from reseller_webhooks.core.webhooks.webhook_row import WebhookRow
from reseller_webhooks.http.pages import paths
from reseller_webhooks.operations import webhooks
from reseller_webhooks.operations.context import AppContext
from reseller_webhooks.store.deliveries import record_deliveries
from reseller_webhooks.store.records import records
from tests.pages.browser_client import OK, Person, a_webhook, attempt, tell, words
from tests.pages.test_health import opens

DOWN = from_status(503, 12)


def hold(context: AppContext, reseller: Reseller, *uuids: str, **given: Any) -> None:
    """Records of the reseller."""
    columns: dict[str, Any] = {
        "id": None,
        "reseller_id": reseller.id,
        "resource": Resource.COMPANY,
        "parent": None,
        "alias": None,
        "version": 2,
        "removed": False,
        "status": "ACTIVE",
        "content": orjson.dumps({"name": "Acme <b>"}).decode(),
        "changed_at": 1,
    }
    with context.database.write() as tx:
        records.add(tx, [Record(uuid=uuid, **columns | given) for uuid in uuids])


def change(
    context: AppContext, row: WebhookRow, version: int, name: str = "Acme", **given: Any
) -> int:
    """A change of the company acme, told to the webhook; the delivery's number."""
    action = Action.ADDED if version == 1 else Action.CHANGED
    body = orjson.dumps({"resource": {"content": {"name": name}}}).decode()
    (number,) = tell(context, row, **{"version": version, "body": body, "action": action} | given)
    return number


@pytest.fixture
def row(context: AppContext, northwind: Reseller) -> WebhookRow:
    hold(context, northwind, "acme")
    return a_webhook(context, northwind)


ACME = paths.record("COMPANY", "acme")


async def test_the_list_shows_names_and_comes_in_pages(
    context: AppContext, northwind: Reseller, admin: Person
) -> None:
    hold(context, northwind, *(str(uuid4()) for _ in range(60)))
    first = await admin.see(paths.RECORDS)
    older = first.partition(">Older<")[0].rpartition('href="')[2].partition('"')[0]
    second = await admin.see(older.replace("&amp;", "&"))

    assert (first.count('class="opens"'), second.count('class="opens"')) == (50, 10)
    assert "Acme &lt;b&gt;" in first
    assert ">Newest<" in second


async def test_a_search_by_id_leads_to_the_record_whatever_its_type(
    context: AppContext, northwind: Reseller, admin: Person
) -> None:
    hold(context, northwind, "l/1 ü", resource=Resource.LEAD, content="{}")
    answer = await admin.client.get(paths.RECORDS, params={"id": " l/1 ü "})

    assert "LEAD" in answer.headers["location"]
    assert "Lead l/1 ü , version" in words(await admin.follow(answer))
    assert "No record has this ID" in words(await admin.see(paths.records(id="none")))


async def test_a_record_is_in_sync_once_its_newest_version_is_accepted(
    context: AppContext, admin: Person, row: WebhookRow
) -> None:
    change(context, row, 1)
    attempt(context, row, OK, State.DELIVERED)
    change(context, row, 2, "Acme Ltd")
    waiting = words(await admin.see(ACME))
    attempt(context, row, DOWN, State.PENDING)
    trying = words(await admin.see(ACME))
    attempt(context, row, DOWN, State.FAILED)
    failed = words(await admin.see(ACME))
    change(context, row, 2, "Acme Ltd")
    attempt(context, row, OK, State.DELIVERED)
    synced = words(await admin.see(ACME))

    assert "Waiting: version 2 has not been sent yet. Before that it accepted version 1." in waiting
    assert "Failed at version 2: answered 503. It is retried automatically." in trying
    assert "Not in sync Failed at version 2: answered 503. There are no further attempts." in failed
    assert "In sync This webhook has accepted version 2 of 2." in synced


async def test_a_record_promises_no_attempt_that_is_held_back(
    context: AppContext, northwind: Reseller, admin: Person, row: WebhookRow
) -> None:
    change(context, row, 1)
    attempt(context, row, DOWN, State.PENDING)
    trying = words(await admin.see(ACME))
    opens(context, row)
    failing = words(await admin.see(ACME))
    webhooks.pause(context.database, northwind.id, row.uuid)
    paused = words(await admin.see(ACME))

    assert "It is retried automatically. Next attempt" in trying
    assert "The receiver is failing." in failing
    assert "The webhook is paused." in paused
    assert "Next attempt" not in failing + paused


async def test_a_webhook_that_does_not_ask_for_a_change_has_all_it_asks_for(
    context: AppContext, northwind: Reseller, admin: Person
) -> None:
    hold(context, northwind, "acme", version=7)
    row = a_webhook(context, northwind, actions=frozenset({Action.ADDED}))
    never = words(await admin.see(ACME))
    change(context, row, 1)
    attempt(context, row, OK, State.DELIVERED)

    assert "Never sent This record was never sent to this webhook" in never
    assert "This webhook has accepted version 1 of 7" in words(await admin.see(ACME))


async def test_the_history_tells_what_each_version_changed_and_where_it_went(
    context: AppContext, admin: Person, row: WebhookRow
) -> None:
    change(context, row, 1)
    number = change(context, row, 2, "Acme & Sons")
    html = await admin.see(ACME)

    assert "Version 2 Changed" in words(html)
    assert "Name: Acme → Acme & Sons" in words(html)
    assert f'href="{paths.LOG}/{context.ids.delivery(number)}"' in html


async def test_a_long_history_comes_in_pages(
    context: AppContext, admin: Person, row: WebhookRow
) -> None:
    for version in range(1, 25):
        change(context, row, version)
    first = await admin.see(ACME)
    second = await admin.see(f"{ACME}?before=5")

    assert "?before=5" in first
    assert first.count("<h3>Version") == 20
    assert second.count("<h3>Version") == 4


async def test_all_webhooks_of_a_record_are_shown_page_by_page(
    context: AppContext, northwind: Reseller, admin: Person, row: WebhookRow
) -> None:
    others = [a_webhook(context, northwind, url=f"https://other.example/{n}") for n in range(60)]
    change(context, row, 2)
    first = await admin.see(ACME)
    second = await admin.see(f"{ACME}?webhooks=51")

    assert "Webhooks 1 to 50 of 61" in words(first)
    assert "Webhooks 51 to 61 of 61" in words(second)
    assert 'href="' + f"{ACME}?webhooks=51" in first
    assert all(paths.webhook(one.uuid) in first + second for one in others)
    assert "and 51 more, in the event log" in words(first)


async def test_what_was_not_looked_at_is_not_called_never_sent(
    context: AppContext,
    northwind: Reseller,
    admin: Person,
    row: WebhookRow,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(record_deliveries, "EVENTS_AT_ONCE", (1,))
    monkeypatch.setattr(record_deliveries, "LINES_MAX", 1)
    removed = frozenset({Action.REMOVED})
    a_webhook(context, northwind, url="https://other.example/hook", actions=removed)
    for version in (1, 2):
        change(context, row, version)
        attempt(context, row, OK, State.DELIVERED)

    assert "Unknown No version from 2 on was sent" in words(await admin.see(ACME))


async def test_a_deleted_record_stays_to_be_seen(
    context: AppContext, northwind: Reseller, admin: Person
) -> None:
    hold(context, northwind, "acme", removed=True, content=None, status=None)
    text = words(await admin.see(ACME))

    assert "Company Deleted Company acme , version 2" in text
    assert "only its ID and version are kept" in text
    assert "There is no webhook for Company" in text


async def test_records_of_another_reseller_are_not_there(
    context: AppContext, contoso: Reseller, admin: Person
) -> None:
    hold(context, contoso, "acme")

    assert (await admin.client.get(ACME)).status_code == 404
    assert 'class="opens"' not in await admin.see(paths.RECORDS)


@pytest.mark.parametrize("path", ["PIZZA/acme", "COMPANY/none", "LEAD/acme", "COMPANY/a%00"])
async def test_what_cannot_be_a_record_is_not_there(
    admin: Person, row: WebhookRow, path: str
) -> None:
    assert (await admin.client.get(f"{paths.RECORDS}/{path}")).status_code == 404
