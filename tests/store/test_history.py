"""What only tells of the past goes in time; what holds still stays."""

from sqlalchemy import delete, insert, select, update

from reseller_webhooks.clock import DAY
from reseller_webhooks.core.access.audit import Act, AuditQuery
from reseller_webhooks.core.access.permissions import Scope
from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.core.deliveries.delivery import State
from reseller_webhooks.core.enums import Action, Resource
from reseller_webhooks.core.webhooks.webhook import Spec
from reseller_webhooks.core.webhooks.webhook_row import WebhookRow
from reseller_webhooks.crypto import Box
from reseller_webhooks.operations import (
    audit,
    authentication,
    backfills,
    maintenance,
    resellers,
    webhooks,
)
from reseller_webhooks.store.cluster import leases
from reseller_webhooks.store.db.database import Database
from reseller_webhooks.store.deliveries import results
from reseller_webhooks.store.tables import api_key, attempt, backfill, circuit_change, member
from reseller_webhooks.store.tables import webhook as table
from tests.conftest import SECRET_KEY
from tests.store.factories import due, event, made, reseller, told, webhook


def test_history_goes_at_retention_and_what_holds_still_stays(database: Database) -> None:
    for name in ("revoked", "revoked lately", "in use"):
        authentication.add_key(database, Scope.PLATFORM, None, name)
    with database.write() as tx:
        hook = webhook(tx, reseller_id=reseller(tx))
        old = tx.now - 91 * DAY
        for name, at in (("revoked", old), ("revoked lately", tx.now)):
            named = api_key.c.name == name
            tx.connection.execute(update(api_key).where(named).values(revoked_at=at))
        for at in (old, tx.now):
            row = {"webhook_id": hook.id, "is_open": True, "reason": "", "at": at}
            tx.connection.execute(insert(circuit_change).values(row))
        for name, until in (("gone", old), ("here", tx.now)):
            leases.register(tx, name, host="h", version="1", until=until)
    counts = [maintenance.drop_history(database, retention_days=90) for _ in range(2)]

    assert counts == [3, 0]
    with database.read() as tx:
        assert set(tx.connection.execute(select(api_key.c.name)).scalars()) == {
            "revoked lately",
            "in use",
        }
        assert list(tx.connection.execute(select(member.c.id)).scalars()) == ["here"]
        assert len(tx.connection.execute(select(circuit_change.c.id)).all()) == 1


def deleted(database: Database, owner: Reseller, name: str) -> WebhookRow:
    """A webhook with a delivery that was accepted, an outage and a backfill; deleted long ago."""
    spec = Spec(
        url=f"https://{name}.example/hook", resource=Resource.COMPANY, actions=frozenset(Action)
    )
    hook = webhooks.add(database, Box([SECRET_KEY]), owner.id, spec).webhook
    backfills.begin(database, owner.id, hook.uuid, rate=1, with_removed=False)
    with database.write() as tx:
        told(tx, event(reseller_id=owner.id))
        results.finish(tx, [made(due(tx, hook.id)[0], State.DELIVERED)])
        row = {"webhook_id": hook.id, "is_open": True, "reason": "", "at": tx.now}
        tx.connection.execute(insert(circuit_change).values(row))
    webhooks.delete(database, owner.id, hook.uuid)
    with database.write() as tx:
        named = table.c.id == hook.id
        tx.connection.execute(update(table).where(named).values(deleted_at=tx.now - 91 * DAY))
    return hook


def drop(database: Database) -> int:
    return maintenance.drop_history(database, retention_days=90)


def test_a_deleted_webhook_goes_once_no_line_of_the_log_names_it(database: Database) -> None:
    owner = resellers.add(database, "Northwind")
    hook = deleted(database, owner, "gone")
    deleted(database, owner, "newest")
    while_logged = drop(database)
    with database.write() as tx:
        tx.connection.execute(delete(attempt))
    counts = [drop(database) for _ in range(2)]

    assert (while_logged, counts) == (0, [1, 0])
    with database.read() as tx:
        for column in (table.c.id, circuit_change.c.webhook_id, backfill.c.webhook_id):
            assert hook.id not in tx.connection.execute(select(column)).scalars().all()
    lines = audit.page(database, AuditQuery(subject_uuid=hook.uuid))
    assert {one.act for one in lines} >= {Act.WEBHOOK_ADDED, Act.WEBHOOK_DELETED}
    assert {one.subject_name for one in lines} == {hook.url}


def test_a_webhook_that_was_just_deleted_or_lives_stays(database: Database) -> None:
    owner = resellers.add(database, "Northwind")
    hook = deleted(database, owner, "gone")
    with database.write() as tx:
        webhook(tx, reseller_id=owner.id)
        tx.connection.execute(delete(attempt))
        tx.connection.execute(update(table).where(table.c.id == hook.id).values(deleted_at=tx.now))

    assert drop(database) == 0
