"""Sending the current state, from a webhook's page."""

import pytest

from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.core.deliveries.circuits import Circuit
from reseller_webhooks.core.enums import Action, Resource
from reseller_webhooks.core.messages import plain
from reseller_webhooks.core.records.record import Record
from reseller_webhooks.core.webhooks.webhook_row import WebhookRow
from reseller_webhooks.http.pages import paths
from reseller_webhooks.operations import backfills, webhooks
from reseller_webhooks.operations.context import AppContext
from reseller_webhooks.store.records import records
from reseller_webhooks.store.webhooks import circuit_states
from reseller_webhooks.store.webhooks import webhooks as store
from tests.delivery_ids import shown_id
from tests.pages.browser_client import Person, a_webhook, tell, words


@pytest.fixture
def row(context: AppContext, northwind: Reseller) -> WebhookRow:
    return a_webhook(context, northwind)


def companies(context: AppContext, row: WebhookRow, count: int) -> None:
    some = [
        Record(None, row.reseller_id, Resource.COMPANY, f"c{n}", None, None, 1, False, "", "{}", 1)
        for n in range(count)
    ]
    with context.database.write() as tx:
        records.add(tx, some)


async def section(person: Person, row: WebhookRow) -> str:
    """What the page says of it."""
    html = await person.see(paths.webhook(row.uuid))
    return words(html.partition('<h2 id="backfill">')[2].partition("</section>")[0])


async def begins(person: Person, row: WebhookRow, **fields: str) -> str:
    answer = await person.send(paths.webhook(row.uuid, "backfill"), {"rate": "50"} | fields)
    assert answer.headers["location"].endswith("#backfill")
    return await section(person, row)


async def test_it_tells_how_many_records_would_be_sent_before_anything_is(
    context: AppContext, row: WebhookRow, admin: Person
) -> None:
    companies(context, row, 3)

    said = await section(admin, row)
    assert "This sends 3 records, one notification for each." in said
    assert said.endswith("Confirm Send")


async def test_a_confirmed_one_is_shown_as_it_goes_on(
    context: AppContext, row: WebhookRow, admin: Person
) -> None:
    companies(context, row, 3)
    began = await begins(admin, row, rate="10")
    backfills.step(context.database, public_url="https://platform.example")

    assert "Sending current state: 0 of 3 records, 10 a second." in began
    assert "Sent 3 records" in await section(admin, row)


async def test_a_running_one_is_cancelled(
    context: AppContext, row: WebhookRow, admin: Person
) -> None:
    companies(context, row, 3)
    await begins(admin, row)
    await admin.send(paths.webhook(row.uuid, "backfill/cancel"))

    assert "Cancelled after 0 records" in await section(admin, row)


async def test_a_second_one_is_not_begun_and_the_running_one_is_shown(
    context: AppContext, row: WebhookRow, admin: Person
) -> None:
    companies(context, row, 3)
    await begins(admin, row, rate="10")

    assert "10 a second" in await begins(admin, row, rate="200")


async def test_deleted_records_are_told_of_where_that_is_ticked(
    context: AppContext, row: WebhookRow, admin: Person
) -> None:
    assert "Send deleted records too" in await section(admin, row)

    await begins(admin, row, removed="yes")
    assert backfills.get(context.database, row.reseller_id, row.uuid).with_removed


async def test_a_webhook_that_could_not_be_told_says_what_to_tick(
    context: AppContext, northwind: Reseller, admin: Person
) -> None:
    row = a_webhook(context, northwind, actions=frozenset({Action.REMOVED}))

    said = await section(admin, row)
    assert said.endswith("To send it, edit the webhook and tick Added or Changed.")


async def test_a_rate_that_is_not_in_the_list_begins_nothing(
    context: AppContext, row: WebhookRow, admin: Person
) -> None:
    answer = await admin.send(paths.webhook(row.uuid, "backfill"), {"rate": "100000"})

    assert answer.status_code == 422
    assert "Sending" not in await section(admin, row)


async def test_it_says_why_it_makes_no_headway(
    context: AppContext, row: WebhookRow, admin: Person
) -> None:
    await begins(admin, row)
    webhooks.pause(context.database, row.reseller_id, row.uuid)
    paused = await section(admin, row)
    webhooks.resume(context.database, row.reseller_id, row.uuid)
    with context.database.write() as tx:
        circuit_states.note_circuit(
            tx, row.id, Circuit(is_open=True, reason=plain("no answer")), owner=None
        )

    assert "It goes on when the webhook is resumed." in paused
    assert "It goes on when the receiver is back." in await section(admin, row)


async def test_it_says_why_one_has_ended_by_itself(
    context: AppContext, row: WebhookRow, admin: Person
) -> None:
    companies(context, row, 3)
    await begins(admin, row)
    with context.database.write() as tx:
        store.change(tx, row.id, resource="ORDER")
    backfills.step(context.database, public_url="https://platform.example")

    assert "Its webhook is about another resource now, Order." in await section(admin, row)


async def test_a_delivery_tells_that_it_is_part_of_one(
    context: AppContext, row: WebhookRow, admin: Person
) -> None:
    companies(context, row, 1)
    await begins(admin, row)
    backfills.step(context.database, public_url="https://platform.example")
    (told,) = tell(context, row)
    restated = words(await admin.see(paths.delivery(shown_id(told - 1))))
    changed = words(await admin.see(paths.delivery(shown_id(told))))

    assert "Part of Sending the current state" in restated
    assert "Part of" not in changed


async def test_a_viewer_sees_how_far_it_is_and_can_do_nothing(
    context: AppContext, row: WebhookRow, admin: Person, viewer: Person
) -> None:
    before = await section(viewer, row)
    await begins(admin, row)
    during = await section(viewer, row)

    assert "Confirm Send" not in before
    assert "Sending current state" in during
    assert "Cancel" not in during
