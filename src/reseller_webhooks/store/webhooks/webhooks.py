"""Webhooks: their rows, secrets sealed. A deleted webhook keeps its row while the log names it."""

from collections.abc import Callable, Collection
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    RowMapping,
    Select,
    case,
    exists,
    func,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from reseller_webhooks.core.enums import Resource, from_mask, to_mask
from reseller_webhooks.core.errors import Conflict
from reseller_webhooks.core.messages.webhooks import WEBHOOK_EXISTS, WEBHOOK_FOR_TARGET_EXISTS
from reseller_webhooks.core.webhooks.settings import SETTINGS, Kind, Setting
from reseller_webhooks.core.webhooks.webhook import PARTS, HoldReason, WebhookState
from reseller_webhooks.core.webhooks.webhook_row import WebhookRow
from reseller_webhooks.store.db import messages, text_search
from reseller_webhooks.store.db.commits import CommitEffects
from reseller_webhooks.store.db.database import Tx
from reseller_webhooks.store.tables import delivery, webhook

CHUNK = 500


def add(tx: Tx, **columns: object) -> WebhookRow:
    """Write a new webhook down. Conflict when its target has one for the resource already."""
    statement = insert(webhook).values(
        **_stored(columns), circuit="CLOSED", circuit_reason="", created_at=tx.now,
        changed_at=tx.now,
    )  # fmt: skip
    try:
        row = tx.connection.execute(statement.returning(webhook)).mappings().one()
    except IntegrityError:
        raise _taken(columns) from None
    tx.written.add(CommitEffects.WEBHOOKS)
    return _row(row)


def change(tx: Tx, number: int, **columns: object) -> WebhookRow:
    """Overwrite some columns. Conflict when the new target has one for the resource already."""
    statement = (
        update(webhook)
        .where(webhook.c.id == number)
        .values(**_stored(columns), changed_at=tx.now)
        .returning(webhook)
    )
    tx.written.add(CommitEffects.WEBHOOKS)
    try:
        return _row(tx.connection.execute(statement).mappings().one())
    except IntegrityError:
        raise _taken(columns) from None


def retry_now(tx: Tx, number: int) -> None:
    """Have its owner look anew, and probe its receiver at once if that is failing."""
    tx.written.add(CommitEffects.WEBHOOKS)
    at_once = case((webhook.c.circuit == "OPEN", literal(tx.now, BigInteger)))
    tx.connection.execute(
        update(webhook)
        .where(webhook.c.id == number, webhook.c.deleted_at.is_(None))
        .values(hurried_at=tx.now, changed_at=tx.now, probe_at=at_once, held_until=None)
    )


def by_uuid(tx: Tx, uuid: str, *, reseller_id: int, for_update: bool = False) -> WebhookRow | None:
    """The reseller's live webhook with that id. for_update: lock it until the commit."""
    statement = select(webhook).where(
        webhook.c.uuid == uuid,
        webhook.c.reseller_id == reseller_id,
        webhook.c.deleted_at.is_(None),
    )
    if for_update:
        statement = statement.with_for_update(key_share=True)
    return next(iter(_rows(tx, statement)), None)


def page(
    tx: Tx, *, reseller_id: int, after: int = 0, limit: int, search: str = ""
) -> list[WebhookRow]:
    """The reseller's live webhooks in the order they were added.

    search: part of the URL, or the id.
    """
    statement = select(webhook).where(
        webhook.c.reseller_id == reseller_id,
        webhook.c.id > after,
        webhook.c.deleted_at.is_(None),
    )
    if search:
        named = text_search.matches(search, part_of=webhook.c.url, exactly=webhook.c.uuid)
        statement = statement.where(named)
    return _rows(tx, statement.order_by(webhook.c.id).limit(limit))


def failing(tx: Tx, *, reseller_id: int, limit: int) -> list[WebhookRow]:
    """The reseller's live, active webhooks whose circuit is open, in the order it opened."""
    statement = select(webhook).where(
        webhook.c.reseller_id == reseller_id,
        webhook.c.circuit == "OPEN",
        webhook.c.state == WebhookState.ACTIVE.value,
        webhook.c.deleted_at.is_(None),
    )
    return _rows(tx, statement.order_by(webhook.c.circuit_at).limit(limit))


def before_newest(tx: Tx, reseller_id: int, count: int) -> int:
    """The number after which the newest `count` live webhooks begin; 0 if there are no others."""
    statement = (
        select(webhook.c.id)
        .where(webhook.c.reseller_id == reseller_id, webhook.c.deleted_at.is_(None))
        .order_by(webhook.c.id.desc())
        .offset(count)
        .limit(1)
    )
    return tx.connection.execute(statement).scalar() or 0


def by_resource(
    tx: Tx, resource: Resource, *, reseller_id: int, skip: int, limit: int
) -> list[WebhookRow]:
    """The reseller's live webhooks for a resource in the order they were added."""
    statement = select(webhook).where(*_is_for(resource, reseller_id)).order_by(webhook.c.id)
    return _rows(tx, statement.offset(skip).limit(limit))


def count_of_resource(tx: Tx, resource: Resource, *, reseller_id: int) -> int:
    """Number of the reseller's live webhooks for a resource."""
    statement = select(func.count()).where(*_is_for(resource, reseller_id))
    return tx.connection.execute(statement).scalar_one()


def every(tx: Tx) -> list[WebhookRow]:
    """All that were not deleted."""
    return _rows(tx, select(webhook).where(webhook.c.deleted_at.is_(None)).order_by(webhook.c.id))


def is_live(parts: Collection[int]) -> list[ColumnElement[bool]]:
    """The conditions for webhooks of some partitions that were not deleted."""
    some = [webhook.c.part.in_(parts)] if len(parts) < PARTS else []
    return [webhook.c.deleted_at.is_(None), *some]


def live(tx: Tx, parts: Collection[int]) -> list[WebhookRow]:
    """The webhooks of some partitions that were not deleted."""
    return _rows(tx, select(webhook).where(*is_live(parts)))


def by_id(tx: Tx, numbers: Collection[int]) -> list[WebhookRow]:
    """These webhooks by the store's numbers, deleted ones included."""
    some = list(numbers)
    chunks = (some[start : start + CHUNK] for start in range(0, len(some), CHUNK))
    return [
        row for chunk in chunks for row in _rows(tx, select(webhook).where(webhook.c.id.in_(chunk)))
    ]


def names(tx: Tx, numbers: set[int]) -> dict[int, tuple[str, str]]:
    """uuid and URL by the store's number, deleted ones included: what the log shows."""
    statement = select(webhook.c.id, webhook.c.uuid, webhook.c.url)
    rows = tx.connection.execute(statement.where(webhook.c.id.in_(numbers)))
    return {number: (uuid, url) for number, uuid, url in rows}


def holds(tx: Tx, numbers: set[int]) -> dict[int, HoldReason]:
    """Webhooks that are paused or whose circuit is open, by the store's number."""
    if not numbers:
        return {}
    paused = webhook.c.state == WebhookState.PAUSED.value
    statement = select(webhook.c.id, paused.label("paused")).where(
        webhook.c.id.in_(numbers), paused | (webhook.c.circuit == "OPEN")
    )
    rows = tx.connection.execute(statement)
    return {row.id: HoldReason.PAUSED if row.paused else HoldReason.FAILING for row in rows}


def id_of(tx: Tx, uuid: str, *, reseller_id: int) -> int | None:
    """The store's number of a webhook, deleted or not."""
    statement = select(webhook.c.id).where(
        webhook.c.uuid == uuid, webhook.c.reseller_id == reseller_id
    )
    return tx.connection.execute(statement).scalar()


def deleted_with_deliveries(tx: Tx, *, limit: int) -> list[int]:
    """Deleted webhooks that still have unfinished deliveries."""
    unfinished = exists().where(delivery.c.webhook_id == webhook.c.id)
    statement = select(webhook.c.id).where(webhook.c.deleted_at.is_not(None), unfinished)
    return list(tx.connection.execute(statement.limit(limit)).scalars())


def _is_for(resource: Resource, reseller_id: int) -> list[ColumnElement[bool]]:
    return [
        webhook.c.reseller_id == reseller_id,
        webhook.c.resource == resource.value,
        webhook.c.deleted_at.is_(None),
    ]


def _rows(tx: Tx, statement: Select[Any]) -> list[WebhookRow]:
    return [_row(row) for row in tx.connection.execute(statement).mappings()]


def _stored(columns: dict[str, object]) -> dict[str, object]:
    return {name: _TO_COLUMN.get(name, _same)(value) for name, value in columns.items()}


def _row(row: RowMapping) -> WebhookRow:
    columns = {**row, **{name: read(row[name]) for name, read in _FROM_COLUMN.items()}}
    reason = messages.read_changed(row["circuit_message"], columns.pop("circuit_reason"))
    state = WebhookState(row["state"])
    return WebhookRow(**columns | {"state": state, "circuit_message": reason})


def _same(value: Any) -> Any:
    return value


def _number(value: float | None) -> float | None:
    # SQLite's RETURNING gives 5 for 5.0.
    return None if value is None else float(value)


def _from_column(setting: Setting) -> Callable[[Any], Any]:
    read: dict[Kind, Callable[[Any], Any]] = {
        Kind.CHOICE: setting.type,
        Kind.ACTIONS: from_mask,
        Kind.NUMBER: _number,
    }
    return read.get(setting.kind, _same)


_FROM_COLUMN = {name: _from_column(setting) for name, setting in SETTINGS.items()}
_TO_COLUMN: dict[str, Callable[[Any], Any]] = {
    **{name: str for name, setting in SETTINGS.items() if setting.kind is Kind.CHOICE},
    **{name: to_mask for name, setting in SETTINGS.items() if setting.kind is Kind.ACTIONS},
}


def _taken(columns: dict[str, object]) -> Conflict:
    named = {name: str(columns[name]) for name in ("resource", "url") if name in columns}
    return Conflict(WEBHOOK_FOR_TARGET_EXISTS(**named) if len(named) == 2 else WEBHOOK_EXISTS())
