"""What is committed below numbers already seen is told of: in live views, and by backfills."""

import pytest
from sqlalchemy import update

from reseller_webhooks.core.deliveries.delivery import State
from reseller_webhooks.core.sync.backfills import BackfillState
from reseller_webhooks.core.webhooks.webhook_row import WebhookRow
from reseller_webhooks.operations import backfills, deliveries
from reseller_webhooks.store.db import horizon
from reseller_webhooks.store.db.database import Database, Tx
from reseller_webhooks.store.deliveries import results
from reseller_webhooks.store.records import records
from reseller_webhooks.store.tables import backfill
from tests.store.factories import due, event, made, record, reseller, told, webhook

POSTGRES = pytest.mark.parametrize("database", ["postgres"], indirect=True)
URL = "https://platform.example"


@pytest.fixture
def row(database: Database) -> WebhookRow:
    with database.write() as tx:
        return webhook(tx, reseller_id=reseller(tx))


def tell(tx: Tx, row: WebhookRow, uuid: str) -> None:
    told(tx, event(reseller_id=row.reseller_id, resource_uuid=uuid))


def attempt(database: Database, row: WebhookRow, uuid: str) -> None:
    with database.write() as tx:
        _attempt(tx, row, uuid)


def _attempt(tx: Tx, row: WebhookRow, uuid: str) -> None:
    (one,) = [each for each in due(tx, row.id, limit=10) if each.resource_uuid == uuid]
    results.finish(tx, [made(one, State.DELIVERED)])


@pytest.mark.parametrize("begun_before", [True, False])
@POSTGRES
def test_an_attempt_that_is_committed_late_is_seen_in_a_live_view(
    database: Database, row: WebhookRow, begun_before: bool
) -> None:
    with database.write() as tx:
        for uuid in ("late", "quick"):
            tell(tx, row, uuid)
    seen: set[str] = set()
    position = deliveries.first_attempt(database)
    with database.write() as late:
        _attempt(late, row, "late")
        if not begun_before:
            position = deliveries.first_attempt(database)
        attempt(database, row, "quick")
        for _ in range(2):
            position, entries = deliveries.since(database, position, reseller_id=row.reseller_id)
            seen |= {one.line.resource_uuid for one in entries}
    position, entries = deliveries.since(database, position, reseller_id=row.reseller_id)

    assert seen | {one.line.resource_uuid for one in entries} == {"late", "quick"}
    assert deliveries.since(database, position, reseller_id=row.reseller_id) == (position, [])


@POSTGRES
def test_a_delivery_that_is_committed_late_is_news_of_the_log(
    database: Database, row: WebhookRow
) -> None:
    given = {"reseller_id": row.reseller_id, "limit": 10}
    seen: set[str] = set()
    mark = deliveries.mark(database)
    with database.write() as late:
        tell(late, row, "late")
        with database.write() as tx:
            tell(tx, row, "quick")
        mark, lines = deliveries.news_since(database, mark, **given)
        seen |= {one.resource_uuid for one in lines}
    mark, lines = deliveries.news_since(database, mark, **given)

    assert seen | {one.resource_uuid for one in lines} == {"late", "quick"}
    assert deliveries.news_since(database, mark, **given) == (mark, [])


def test_a_view_that_is_ahead_of_a_restored_store_goes_on_from_there(
    database: Database, row: WebhookRow
) -> None:
    position, _ = deliveries.since(database, 10**9, reseller_id=row.reseller_id)
    with database.write() as tx:
        tell(tx, row, "new")
    attempt(database, row, "new")
    _, entries = deliveries.since(database, position, reseller_id=row.reseller_id)

    assert [one.line.resource_uuid for one in entries] == ["new"]


@POSTGRES
def test_a_record_that_was_added_before_the_webhook_and_is_committed_late_is_backfilled(
    database: Database,
) -> None:
    with database.write() as tx:
        owner = reseller(tx)
    with database.write() as late:
        records.add(late, [record(reseller_id=owner, uuid="late")])  # no webhook is told of it
        late.driver.flush()
        with database.write() as tx:
            records.add(tx, [record(reseller_id=owner, uuid="quick")])
            row = webhook(tx, reseller_id=owner)
        backfills.begin(database, owner, row.uuid)
        step(database)
        assert backfills.get(database, owner, row.uuid).state is BackfillState.RUNNING
    for _ in range(2):
        step(database)

    with database.read() as tx:
        assert sorted(one.resource_uuid for one in due(tx, row.id, limit=10)) == ["late", "quick"]
    assert backfills.get(database, owner, row.uuid).state is BackfillState.DONE


@POSTGRES
def test_a_backfill_ends_with_the_last_record_though_that_is_committed_late(
    database: Database, row: WebhookRow
) -> None:
    with database.write() as late:
        records.add(late, [record(reseller_id=row.reseller_id, uuid="late")])
        late.driver.flush()
        backfills.begin(database, row.reseller_id, row.uuid)
        step(database)
    for _ in range(2):
        step(database)

    with database.read() as tx:
        assert [one.resource_uuid for one in due(tx, row.id, limit=10)] == ["late"]


def step(database: Database) -> None:
    with database.write() as tx:
        tx.connection.execute(update(backfill).values(next_at=0))
    backfills.step(database, public_url=URL)


@pytest.mark.parametrize("table", ["record", "delivery", "attempt", "event"])
def test_the_last_number_of_every_table_is_known(
    database: Database, row: WebhookRow, table: str
) -> None:
    with database.read() as tx:
        before = horizon.last_number(tx, table)
    with database.write() as tx:
        records.add(tx, [record(reseller_id=row.reseller_id)])
        tell(tx, row, "c1")
    attempt(database, row, "c1")
    with database.read() as tx:
        assert horizon.last_number(tx, table) == before + 1
        assert horizon.settled(database, tx, "record").upto == 1
