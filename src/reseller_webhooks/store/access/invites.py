"""Invites: who may come in as soon as they have opened their link. Tokens only as hashes."""

from sqlalchemy import ColumnElement, delete, insert, select

from reseller_webhooks.clock import Micros
from reseller_webhooks.core.access.accounts import Invite
from reseller_webhooks.core.access.permissions import Role
from reseller_webhooks.store.db import text_search
from reseller_webhooks.store.db.database import Tx
from reseller_webhooks.store.tables import invite

_COLUMNS = [invite.c[name] for name in Invite.__dataclass_fields__]


def put(
    tx: Tx,
    fingerprint: str,
    *,
    uuid: str,
    email: str,
    role: Role,
    reseller_id: int | None,
    expires_at: Micros,
) -> Invite:
    """Write an invite down, in the place of one that the address has of the same reseller."""
    same = invite.c.reseller_id.is_not_distinct_from(reseller_id)
    tx.connection.execute(delete(invite).where(invite.c.email == email, same))
    statement = insert(invite).values(
        uuid=uuid,
        fingerprint=fingerprint,
        email=email,
        role=role.value,
        reseller_id=reseller_id,
        invited_by=tx.by.name,
        created_at=tx.now,
        expires_at=expires_at,
    )
    return Invite(*tx.connection.execute(statement.returning(*_COLUMNS)).one())


def by_fingerprint(tx: Tx, fingerprint: str) -> Invite | None:
    """The invite whose link it is, if it still holds."""
    return _one(tx, invite.c.fingerprint == fingerprint)


def by_email(tx: Tx, email: str) -> list[Invite]:
    """The invites of an address that still hold, of whichever resellers, the first one first."""
    wanted = (invite.c.email == email) & (invite.c.expires_at > tx.now)
    statement = select(*_COLUMNS).where(wanted).order_by(invite.c.id)
    return [Invite(*row) for row in tx.connection.execute(statement)]


def by_uuid(tx: Tx, uuid: str) -> Invite | None:
    """The invite with that id, if it still holds."""
    return _one(tx, invite.c.uuid == uuid)


def take(tx: Tx, uuid: str) -> bool:
    """Take an invite away, because it was used or withdrawn; False if another has just done so."""
    return tx.connection.execute(delete(invite).where(invite.c.uuid == uuid)).rowcount > 0


def page(
    tx: Tx, reseller_id: int | None, *, before: int | None, limit: int, search: str = ""
) -> list[Invite]:
    """A page of unexpired invites, newest first, below a number: of a reseller, or of all for None.

    search: part of the address, or the id.
    """
    statement = select(*_COLUMNS).where(invite.c.expires_at > tx.now)
    if before is not None:
        statement = statement.where(invite.c.id < before)
    if search:
        named = text_search.matches(search, part_of=invite.c.email, exactly=invite.c.uuid)
        statement = statement.where(named)
    if reseller_id is not None:
        statement = statement.where(invite.c.reseller_id == reseller_id)
    rows = tx.connection.execute(statement.order_by(invite.c.id.desc()).limit(limit))
    return [Invite(*row) for row in rows]


def forget_expired(tx: Tx) -> None:
    """Drop invites whose time is over."""
    tx.connection.execute(delete(invite).where(invite.c.expires_at <= tx.now))


def _one(tx: Tx, wanted: ColumnElement[bool]) -> Invite | None:
    statement = select(*_COLUMNS).where(wanted, invite.c.expires_at > tx.now)
    row = tx.connection.execute(statement).first()
    return Invite(*row) if row else None
