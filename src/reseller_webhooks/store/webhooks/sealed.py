"""Sealed values of webhooks: read in pages, and replaced unless changed meanwhile."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select, case, func, select, update

from reseller_webhooks.core.webhooks.webhook import SecretPurpose
from reseller_webhooks.store.db.database import Tx
from reseller_webhooks.store.tables import reseller, webhook

_COLUMNS = {
    SecretPurpose.AUTHENTICATION: webhook.c.auth_sealed,
    SecretPurpose.SIGNING_SECRET: webhook.c.secret_sealed,
    SecretPurpose.PREVIOUS_SIGNING_SECRET: webhook.c.previous_secret_sealed,
}


@dataclass(frozen=True, slots=True)
class SealedRow:
    """The sealed values of a webhook. A previous secret whose time is over is left out."""

    id: int
    uuid: str
    reseller_uuid: str
    reseller: str
    url: str
    auth_type: str
    values: Mapping[SecretPurpose, str] = field(repr=False)


def page(tx: Tx, *, after: int, limit: int) -> list[SealedRow]:
    """The webhooks numbered above `after`, by number; deleted ones have no secrets."""
    statement = _rows(tx).where(webhook.c.id > after).order_by(webhook.c.id).limit(limit)
    return _read(tx, statement)


def some(tx: Tx, numbers: Collection[int]) -> list[SealedRow]:
    """The webhooks with these numbers."""
    return _read(tx, _rows(tx).where(webhook.c.id.in_(numbers)))


def count(tx: Tx) -> int:
    """Number of webhooks that have secrets."""
    statement = select(func.count()).select_from(webhook).where(webhook.c.deleted_at.is_(None))
    return tx.connection.execute(statement).scalar_one()


def replace(tx: Tx, row: SealedRow, new: Mapping[SecretPurpose, str]) -> bool:
    """Replace a row's sealed values; False if another transaction changed them meanwhile.

    Workers read the webhook again, so that one that could not open it sees whether it can now.
    """
    same = [_COLUMNS[purpose] == value for purpose, value in row.values.items()]
    statement = (
        update(webhook)
        .where(webhook.c.id == row.id, webhook.c.deleted_at.is_(None), *same)
        .values({_COLUMNS[purpose]: value for purpose, value in new.items()})
        .values(changed_at=tx.now)
    )
    return bool(tx.connection.execute(statement).rowcount)


def _rows(tx: Tx) -> Select[Any]:
    return (
        select(
            *(webhook.c.id, webhook.c.uuid, reseller.c.uuid, reseller.c.name),
            *(webhook.c.url, webhook.c.auth_type, webhook.c.auth_sealed, webhook.c.secret_sealed),
            case((webhook.c.previous_secret_until > tx.now, webhook.c.previous_secret_sealed)),
        )
        .join(reseller, reseller.c.id == webhook.c.reseller_id)
        .where(webhook.c.deleted_at.is_(None))
    )


def _read(tx: Tx, statement: Select[Any]) -> list[SealedRow]:
    return [
        SealedRow(number, uuid, whose, name, url, auth_type, _values(auth, secret, previous))
        for number, uuid, whose, name, url, auth_type, auth, secret, previous in (
            tx.connection.execute(statement).tuples()
        )
    ]


def _values(auth: str, secret: str, previous: str | None) -> dict[SecretPurpose, str]:
    values = {SecretPurpose.AUTHENTICATION: auth, SecretPurpose.SIGNING_SECRET: secret}
    return values | ({SecretPurpose.PREVIOUS_SIGNING_SECRET: previous} if previous else {})
