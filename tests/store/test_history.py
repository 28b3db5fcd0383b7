"""What only tells of the past goes in time; what holds still stays."""

from sqlalchemy import insert, select, update

from reseller_webhooks.clock import DAY
from reseller_webhooks.core.access import Scope
from reseller_webhooks.operations import access, maintenance
from reseller_webhooks.store import leases
from reseller_webhooks.store.database import Database
from reseller_webhooks.store.schema import api_key, circuit_change, member
from tests.store.making import reseller, webhook


def test_history_goes_at_retention_and_what_holds_still_stays(database: Database) -> None:
    for name in ("revoked", "revoked lately", "in use"):
        access.add_key(database, Scope.PLATFORM, None, name)
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
            leases.appear(tx, name, host="h", version="1", until=until)
    counts = [maintenance.drop_history(database, retention_days=90) for _ in range(2)]

    assert counts == [3, 0]
    with database.read() as tx:
        assert set(tx.connection.execute(select(api_key.c.name)).scalars()) == {
            "revoked lately",
            "in use",
        }
        assert list(tx.connection.execute(select(member.c.id)).scalars()) == ["here"]
        assert len(tx.connection.execute(select(circuit_change.c.id)).all()) == 1
