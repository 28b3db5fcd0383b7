"""A database of any earlier revision, with rows in it, comes up to now and loses nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import MetaData, Table, text

from reseller_webhooks.core.deliveries.delivery import State
from reseller_webhooks.core.deliveries.log import LogQuery
from reseller_webhooks.core.enums import Resource
from reseller_webhooks.core.errors import Refused
from reseller_webhooks.operations import leases
from reseller_webhooks.operations.leases import Worker
from reseller_webhooks.store.access import keys_and_users
from reseller_webhooks.store.db import features, migrate
from reseller_webhooks.store.db.database import Database, Tx
from reseller_webhooks.store.db.features import Feature
from reseller_webhooks.store.deliveries import log, results
from reseller_webhooks.store.records import events, records
from reseller_webhooks.store.webhooks import webhooks
from tests.databases import copied
from tests.store.factories import due, made, reseller, told, webhook
from tests.store.factories import event as new_event

# To put rows in, tables are reflected, but what an index says of them does not matter.
pytestmark = pytest.mark.filterwarnings("ignore:Skipped unsupported reflection")

EARLIER = ("0001", "0002", "0004", "0005", "0006", "0007", "0008", "0011")


@pytest.fixture(params=["sqlite", "postgres"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database without tables."""
    if request.param == "sqlite":
        one = Database(f"sqlite:///{tmp_path}/old.db")
        yield one
        one.close()
        return
    with copied(request.getfixturevalue("postgres"), "template1") as url:
        one = Database(url)
        yield one
        one.close()


def bring_to(database: Database, revision: str) -> None:
    config = migrate.alembic_config()
    with database.write() as tx:
        config.attributes["connection"] = tx.connection
        command.upgrade(config, revision)


ROWS: dict[str, dict[str, object]] = {
    "reseller": {"uuid": "r1", "name": "Northwind"},
    "record": {"uuid": "c1", "resource": "COMPANY", "content": '{"name":"Acme"}', "version": 1},
    "digest": {"resource": "COMPANY", "count": 1, "value": "0" * 32},
    "event": {
        "uuid": "e1",
        "resource": "COMPANY",
        "resource_uuid": "c1",
        "action": "CHANGED",
        "ticked": 2,
        "body": "{}",
    },
    "webhook": {
        "uuid": "w1",
        "url": "https://receiver.example/hook",
        "resource": "COMPANY",
        "actions": 7,
        "auth_type": "NONE",
        "mode": "EVERY_CHANGE",
        "max_in_flight": 10,
        "state": "ACTIVE",
        "circuit": "CLOSED",
    },
    "delivery": {
        "event_id": 1,
        "webhook_id": 1,
        "resource": "COMPANY",
        "action": "CHANGED",
        "resource_uuid": "c1",
        "version": 1,
    },
    "attempt": {
        "delivery_id": 7,
        "event_id": 1,
        "webhook_id": 1,
        "resource": "COMPANY",
        "action": "CHANGED",
        "resource_uuid": "c1",
        "version": 1,
        "number": 1,
        "outcome": "ACCEPTED",
        "status": 200,
        "state": "DELIVERED",
    },
    "person": {"uuid": "p1", "email": "ana@acme.example", "role": "ADMIN"},
    "api_key": {"uuid": "k1", "fingerprint": "f", "start": "rwk_", "scope": "platform"},
    "idempotency": {"key": "k", "fingerprint": "f", "answer": "[]"},
    "sign_in_link": {"fingerprint": "f", "person_id": 1},
    "session": {"fingerprint": "f", "person_id": 1, "csrf": "c", "uuid": "s1"},
    "number": {"name": "ORDER", "last": 7},
}


def fill(tx: Tx) -> None:
    """A row in every table that a user fills, as that revision has it."""
    tables = MetaData()
    tables.reflect(tx.connection, only=list(ROWS))
    for name, given in ROWS.items():
        tx.connection.execute(
            tables.tables[name].insert().values(_whole(tables.tables[name], given))
        )


def _whole(table: Table, given: dict[str, object]) -> dict[str, object]:
    """The row, with something in every column that must not be empty."""
    needed = {
        one.name: 1 if one.type.python_type in (int, bool) else "x"
        for one in table.columns
        if not one.nullable and one.server_default is None and one.name != "id"
    }
    there = {name: value for name, value in given.items() if name in table.columns}
    return needed | ({"reseller_id": 1} if "reseller_id" in table.columns else {}) | there


@pytest.mark.parametrize("revision", EARLIER)
def test_everything_can_be_read_after_an_upgrade(empty: Database, revision: str) -> None:
    bring_to(empty, revision)
    with empty.write() as tx:
        fill(tx)

    migrate.upgrade(empty)

    migrate.check(empty)
    with empty.read() as tx:
        (record,) = records.find(tx, Resource.COMPANY, "c1", reseller_id=1)
        (row,) = webhooks.page(tx, reseller_id=1, limit=10)
        (line,) = log.page(tx, LogQuery(1, frozenset({State.DELIVERED})))
        assert (record.version, row.uuid, line.delivery_id) == (1, "w1", 7)
        assert events.bodies(tx, [1]) == {1: ("e1", b"{}")}
        assert keys_and_users.user_by_email(tx, "ana@acme.example") is not None
        assert [one.id for one in due(tx, row.id)] == [1]


@pytest.mark.parametrize("revision", EARLIER)
def test_work_goes_on_after_an_upgrade(empty: Database, revision: str) -> None:
    bring_to(empty, revision)
    with empty.write() as tx:
        fill(tx)
    migrate.upgrade(empty)
    held = leases.heartbeat(empty, Worker("w", "here", "1", 15.0)).held

    with empty.write() as tx:
        (new,) = told(tx, new_event(reseller_id=1, version=2))
        results.finish(tx, [made(one, State.DELIVERED) for one in due(tx, 1)])
        closed = log.page(tx, LogQuery(1, frozenset({State.DELIVERED})))

    assert len(held) == 256
    assert new > 1
    assert len(closed) == 3


@pytest.mark.parametrize("is_used", [True, False])
def test_a_store_in_use_keeps_the_format_that_the_version_before_opens(
    empty: Database, is_used: bool
) -> None:
    bring_to(empty, "0011")
    if is_used:
        with empty.write() as tx:
            fill(tx)
    migrate.upgrade(empty)

    with empty.read() as tx:
        assert features.is_on(tx, Feature.BOUND_SECRETS) is not is_used


def test_this_version_goes_on_after_a_later_one_has_added_to_the_tables(database: Database) -> None:
    with database.write() as tx:
        owner = reseller(tx)
        hook = webhook(tx, reseller_id=owner)
        told(tx, new_event(reseller_id=owner))
        tx.connection.execute(text("ALTER TABLE webhook ADD COLUMN later TEXT"))
        tx.connection.execute(
            text("ALTER TABLE attempt ADD COLUMN later BIGINT DEFAULT 7 NOT NULL")
        )
        tx.connection.execute(text("CREATE TABLE later (id BIGINT)"))
        tx.connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    migrate.check(database)
    with database.write() as tx:
        told(tx, new_event(reseller_id=owner, version=2))
        results.finish(tx, [made(one, State.DELIVERED) for one in due(tx, hook.id)])
        assert len(log.page(tx, LogQuery(owner, frozenset({State.DELIVERED})))) == 2


def test_tables_of_an_earlier_version_are_refused_with_the_remedy(empty: Database) -> None:
    bring_to(empty, "0002")

    with pytest.raises(Refused, match="run reseller-webhooks migrate"):
        migrate.check(empty)
