"""Resellers: the tenants that own everything."""

from collections.abc import Collection

from sqlalchemy import insert, select

from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.store.db import text_search
from reseller_webhooks.store.db.database import Tx
from reseller_webhooks.store.tables import reseller

_COLUMNS = reseller.c.id, reseller.c.uuid, reseller.c.name, reseller.c.created_at


def add(tx: Tx, uuid: str, name: str) -> Reseller:
    """Write a new reseller down."""
    row = tx.connection.execute(
        insert(reseller).values(uuid=uuid, name=name, created_at=tx.now).returning(reseller.c.id)
    )
    return Reseller(row.scalar_one(), uuid, name, tx.now)


def by_uuid(tx: Tx, uuid: str) -> Reseller | None:
    """The reseller with that id, if there is one."""
    row = tx.connection.execute(select(*_COLUMNS).where(reseller.c.uuid == uuid)).first()
    return Reseller(*row) if row else None


def by_id(tx: Tx, number: int) -> Reseller | None:
    """The reseller with the store's number."""
    row = tx.connection.execute(select(*_COLUMNS).where(reseller.c.id == number)).first()
    return Reseller(*row) if row else None


def by_ids(tx: Tx, numbers: Collection[int]) -> dict[int, Reseller]:
    """Resellers by the store's numbers."""
    rows = tx.connection.execute(select(*_COLUMNS).where(reseller.c.id.in_(numbers)))
    return {row.id: Reseller(*row) for row in rows}


def numbers(tx: Tx, uuids: Collection[str]) -> dict[str, int]:
    """The store's numbers of existing resellers, by their ids."""
    rows = tx.connection.execute(
        select(reseller.c.uuid, reseller.c.id).where(reseller.c.uuid.in_(uuids))
    )
    return dict(rows.tuples().all())


def names(tx: Tx, numbers: Collection[int]) -> dict[int, str]:
    """Names of resellers, by their numbers."""
    rows = tx.connection.execute(
        select(reseller.c.id, reseller.c.name).where(reseller.c.id.in_(numbers))
    )
    return dict(rows.tuples().all())


def page(tx: Tx, *, after: int, limit: int, search: str = "") -> list[Reseller]:
    """Resellers in the order they were added, from behind the number `after`.

    search: part of the name, or the id.
    """
    statement = select(*_COLUMNS).where(reseller.c.id > after)
    if search:
        named = text_search.matches(search, part_of=reseller.c.name, exactly=reseller.c.uuid)
        statement = statement.where(named)
    rows = tx.connection.execute(statement.order_by(reseller.c.id).limit(limit))
    return [Reseller(*row) for row in rows]
