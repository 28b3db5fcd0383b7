"""Leases: which worker sends for which partition, and until when, on the database's clock."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, delete, or_, select, update

from reseller_webhooks import sealing
from reseller_webhooks.clock import Micros
from reseller_webhooks.core.deliveries.leases import Grant
from reseller_webhooks.store.db import bulk_read
from reseller_webhooks.store.db.database import Tx
from reseller_webhooks.store.tables import lease, member


@dataclass(frozen=True, slots=True)
class WorkerRow:
    """A worker, as the others see it.

    sealed_format: the newest format of sealed values that it opens; None: 0.1.0's alone.
    """

    id: str
    host: str
    version: str
    since: Micros
    until: Micros
    sealed_format: int | None = None


def register(tx: Tx, me: str, *, host: str, version: str, until: Micros) -> None:
    """Record this worker's heartbeat, and delete workers that were silent for long."""
    named = member.c.id == me
    if not tx.connection.execute(update(member).where(named).values(until=until)).rowcount:
        row = {"id": me, "host": host, "version": version, "since": tx.now, "until": until}
        tx.connection.execute(member.insert().values(row | {"sealed_format": sealing.FORMAT}))


def pull_back(tx: Tx, beyond: Micros, until: Micros) -> None:
    """Let no lease and no worker last beyond an instant, but until an earlier one.

    Only a clock that was stepped back leaves such a row. Who lives renews it in time; the others
    lapse, instead of lasting until the clock is there again.
    """
    for table in (lease, member):
        far = table.c.until > beyond
        tx.connection.execute(update(table).where(far).values(until=until))


def members(tx: Tx) -> list[WorkerRow]:
    """The workers that live."""
    rows = tx.connection.execute(
        select(member).where(member.c.until > tx.now).order_by(member.c.id)
    )
    return [WorkerRow(*row) for row in rows]


def renew(tx: Tx, me: str, *, until: Micros) -> dict[int, int]:
    """Renew this worker's leases, lapsed ones too if they are still its own; their epochs."""
    statement = update(lease).where(lease.c.owner == me).values(until=until)
    rows = tx.connection.execute(statement.returning(lease.c.part, lease.c.epoch))
    return dict(rows.tuples().all())


def take(
    tx: Tx, me: str, parts: Collection[int], *, until: Micros, lapsed_too: bool
) -> list[Grant]:
    """Take free leases, or lapsed ones too; leases that another worker is taking are skipped."""
    free = lease.c.owner.is_(None)
    open_to_me = or_(free, lease.c.until < tx.now) if lapsed_too else free
    found = tx.connection.execute(
        select(lease.c.part, lease.c.epoch, lease.c.owner)
        .where(lease.c.part.in_(parts), open_to_me)
        .with_for_update(skip_locked=True)
    ).all()
    grants = [Grant(part, epoch + 1, lapsed=owner is not None) for part, epoch, owner in found]
    tx.connection.execute(
        update(lease)
        .where(lease.c.part.in_([grant.part for grant in grants]))
        .values(owner=me, epoch=lease.c.epoch + 1, until=until)
    )
    return grants


def release(tx: Tx, me: str, parts: Collection[int]) -> None:
    """Give leases back, so that other workers can take them at once."""
    mine = (lease.c.owner == me) & lease.c.part.in_(parts)
    tx.connection.execute(update(lease).where(mine).values(owner=None, until=0))


def leave(tx: Tx, me: str) -> None:
    """Give everything back and be gone."""
    tx.connection.execute(update(lease).where(lease.c.owner == me).values(owner=None, until=0))
    tx.connection.execute(delete(member).where(or_(member.c.id == me, member.c.until < tx.now)))


def vacate(tx: Tx) -> None:
    """Free every lease: for a store on one machine, when no worker lives there."""
    tx.connection.execute(update(lease).values(owner=None, until=0))
    tx.connection.execute(delete(member))


def epochs(tx: Tx, me: str, parts: Collection[int]) -> dict[int, int]:
    """The epochs of those partitions that this worker holds; they are locked until the commit."""
    return ask_epochs(tx, me, parts)()


def ask_epochs(tx: Tx, me: str, parts: Collection[int]) -> Callable[[], dict[int, int]]:
    """As `epochs`, waited for when it is called for."""
    if not parts:
        return dict
    rows = bulk_read.ask_in(tx, _held, [me], list(parts))
    return lambda: dict(map(tuple, rows()))


def _held(owners: bulk_read.Some, parts: bulk_read.Some) -> Select[Any]:
    mine = lease.c.owner.in_(owners), lease.c.part.in_(parts)
    return select(lease.c.part, lease.c.epoch).where(*mine).with_for_update(read=True)


def owners(tx: Tx) -> dict[int, str]:
    """The worker that holds each partition; free partitions are left out."""
    rows = tx.connection.execute(
        select(lease.c.part, lease.c.owner).where(lease.c.owner.is_not(None))
    )
    return {part: owner for part, owner in rows if owner}
