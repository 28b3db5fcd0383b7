"""A local database that follows the platform: a table for each type, applied by version.

Any database that SQLAlchemy speaks to. Common fields have columns of their own, so that they can
be queried; `content` has everything, as JSON.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Engine,
    Float,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from reseller_mirror.digest import Digest, bucket_of, digest_of
from reseller_mirror.notification import Notification

Path = tuple[str, ...]

# type -> column -> where its value lies in the content
FIELDS: dict[str, dict[str, Path]] = {
    "COMPANY": {"name": ("name",), "status": ("status",), "country": ("countryCode",)},
    "INVOICE": {
        "status": ("status",),
        "total": ("total",),
        "currency": ("currency",),
        "company": ("company", "id"),
    },
    "LEAD": {
        "status": ("status",),
        "name": ("customer", "company", "name"),
        "email": ("customer", "contact", "email"),
    },
    "ORDER": {
        "status": ("status",),
        "total": ("totalPrice",),
        "currency": ("currency",),
        "company": ("company", "id"),
    },
    "SUBSCRIPTION": {
        "status": ("status",),
        "company": ("company", "id"),
        "product": ("product", "id"),
    },
    "APP_ASSIGNMENT": {"status": ("status",), "user": ("user", "uuid")},
}
metadata = MetaData()


@dataclass(frozen=True, slots=True)
class Held:
    """A record as the platform has it: what the sync API answers. content: None when removed."""

    uuid: str
    version: int
    content: dict[str, Any] | None


def _table(resource: str) -> Table:
    own = [Column(name, Float if name == "total" else String(255)) for name in FIELDS[resource]]
    return Table(
        f"mirror_{resource.lower()}",
        metadata,
        Column("uuid", String(64), primary_key=True),
        Column("version", BigInteger, nullable=False),
        Column("removed", Boolean, nullable=False),
        Column("bucket", SmallInteger, nullable=False, index=True),
        *own,
        Column("content", Text),
    )


TABLES = {resource: _table(resource) for resource in FIELDS}


class Mirror:
    """The local side. Every call is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def create(self) -> None:
        """Make the tables that are not there yet."""
        metadata.create_all(self.engine)

    def apply(self, notification: Notification) -> bool:
        """Apply a notification if it is newer than what is held; whether it was.

        Safe against repeats, any sequence, and other processes that apply at the same time.
        """
        held = Held(notification.uuid, notification.version, notification.content)
        return self.keep(notification.resource, [held]) == 1

    def keep(self, resource: str, records: list[Held], *, even_if_older: bool = False) -> int:
        """Write those records that are newer than what is held; how many were.

        even_if_older: also where they differ the other way, for a platform that was restored
        from a backup and has gone back.
        """
        table = TABLES[resource]
        with self.engine.begin() as connection:
            return sum(_keep(connection, table, one, even_if_older) for one in records)

    def version(self, resource: str, uuid: str) -> int:
        """The version that is held of a record, 0 for none."""
        table = TABLES[resource]
        with self.engine.connect() as connection:
            found = connection.execute(select(table.c.version).where(table.c.uuid == uuid))
            return found.scalar() or 0

    def digest(self, resource: str) -> Digest:
        """The digest of everything held, counted from nothing, so that it proves something."""
        with self.engine.connect() as connection:
            return digest_of(_pairs(connection, TABLES[resource]))


def _pairs(connection: Connection, table: Table) -> Iterator[tuple[str, int]]:
    yield from connection.execute(select(table.c.uuid, table.c.version)).tuples()


def _keep(connection: Connection, table: Table, record: Held, even_if_older: bool) -> bool:
    row = _row(table, record)
    older = table.c.version < record.version
    if even_if_older:
        older = table.c.version != record.version
    statement = update(table).where(table.c.uuid == record.uuid, older).values(row)
    if connection.execute(statement).rowcount:
        return True
    try:
        with connection.begin_nested():
            connection.execute(insert(table).values(row))
    except IntegrityError:  # it is there, and not older
        return False
    return True


def _row(table: Table, record: Held) -> dict[str, Any]:
    content = record.content
    fields = FIELDS[table.name.removeprefix("mirror_").upper()]
    own = {name: _at(content, path, table.c[name]) for name, path in fields.items()}
    return {
        "uuid": record.uuid,
        "version": record.version,
        "removed": content is None,
        "bucket": bucket_of(record.uuid),
        "content": None if content is None else json.dumps(content, ensure_ascii=False),
        **own,
    }


def _at(content: dict[str, Any] | None, path: Path, column: Column[Any]) -> Any:
    """The value at a path when it is of the column's kind; anything else only in `content`."""
    value: Any = content
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    if isinstance(column.type, Float):
        return value if isinstance(value, int | float) and not isinstance(value, bool) else None
    return value[:255] if isinstance(value, str) else None
