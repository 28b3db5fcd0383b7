"""The mirror's tables: one for each type, with common fields as typed columns and all of it as
JSON."""

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
)

from reseller_mirror.digest import bucket_of

LEAVING = "PENDING_REMOTE_CANCELLATION"
TEXT, AMOUNT, NUMBER, MOMENT = "text", "amount", "number", "moment"
"""Kinds of columns. A moment is epoch milliseconds, as in the content."""
_TYPES: dict[str, Any] = {
    TEXT: String(255),
    AMOUNT: Float(53),
    NUMBER: BigInteger(),
    MOMENT: BigInteger(),
}
_NUMBER_MAX = 2**63 - 1

# type -> column: its kind, and where the value lies in the content
FIELDS: dict[str, dict[str, tuple[str, str]]] = {
    "COMPANY": {
        "name": (TEXT, "name"),
        "status": (TEXT, "status"),
        "country": (TEXT, "countryCode"),
        "email": (TEXT, "emailAddress"),
        "external_id": (TEXT, "externalId"),
        "created_ms": (MOMENT, "creationDate"),
    },
    "INVOICE": {
        "number": (TEXT, "referenceNumber"),
        "status": (TEXT, "status"),
        "total": (AMOUNT, "total"),
        "currency": (TEXT, "currency"),
        "company": (TEXT, "company.id"),
        "created_ms": (MOMENT, "creationDate"),
        "due_ms": (MOMENT, "dueDate"),
    },
    "LEAD": {
        "name": (TEXT, "customer.company.name"),
        "status": (TEXT, "status"),
        "email": (TEXT, "customer.contact.email"),
        "created_ms": (MOMENT, "createdOn"),
        "modified_ms": (MOMENT, "lastModified"),
    },
    "ORDER": {
        "number": (TEXT, "referenceCode"),
        "status": (TEXT, "status"),
        "total": (AMOUNT, "totalPrice"),
        "currency": (TEXT, "currency"),
        "frequency": (TEXT, "frequency"),
        "company": (TEXT, "company.id"),
        "start_ms": (MOMENT, "startDate"),
        "end_ms": (MOMENT, "endDate"),
    },
    "SUBSCRIPTION": {
        "status": (TEXT, "status"),
        "company": (TEXT, "company.id"),
        "product": (TEXT, "product.id"),
        "order_id": (TEXT, "order.id"),
        "users": (NUMBER, "assignedUsers"),
        "users_max": (NUMBER, "maxUsers"),
        "created_ms": (MOMENT, "creationDate"),
        "end_ms": (MOMENT, "endDate"),
    },
    "APP_ASSIGNMENT": {
        "status": (TEXT, "status"),
        "subscription": (TEXT, "subscriptionId"),
        "user": (TEXT, "user.uuid"),
        "email": (TEXT, "user.email"),
        "created_ms": (MOMENT, "createdOn"),
    },
}
metadata = MetaData()


@dataclass(frozen=True, slots=True)
class Held:
    """A record as the platform has it: what the sync API answers. content: None when removed."""

    uuid: str
    version: int
    content: dict[str, Any] | None


def present(resource: str, held: Held) -> Held:
    """The record as a mirror keeps it.

    An app assignment that is on its way out counts as removed: REMOVED has been sent for it and
    carries no content, though the platform keeps the record until its application is gone.
    """
    leaving = resource == "APP_ASSIGNMENT" and (held.content or {}).get("status") == LEAVING
    return Held(held.uuid, held.version, None) if leaving else held


def _table(resource: str) -> Table:
    own: list[Column[Any]] = [
        Column(name, _TYPES[kind]) for name, (kind, _) in FIELDS[resource].items()
    ]
    return Table(
        f"mirror_{resource.lower()}",
        metadata,
        Column("uuid", String(255), primary_key=True),
        Column("version", BigInteger, nullable=False),
        Column("removed", Boolean, nullable=False),
        Column("bucket", SmallInteger, nullable=False, index=True),
        *own,
        Column("content", Text),
    )


position = Table(
    "mirror_position",
    metadata,
    Column("name", String(16), primary_key=True),
    Column("cursor", String(255), nullable=False),
)
"""The position in the event feed."""

TABLES = {resource: _table(resource) for resource in FIELDS}


def row(resource: str, given: Held) -> dict[str, Any]:
    """The columns of a record; of a removed one only its id and version are left."""
    record = present(resource, given)
    own = {
        name: _value(kind, _at(record.content, path))
        for name, (kind, path) in FIELDS[resource].items()
    }
    return {
        "uuid": record.uuid,
        "version": record.version,
        "removed": record.content is None,
        "bucket": bucket_of(record.uuid),
        # Escaped, because PostgreSQL's text has no room for NUL and lone surrogates.
        "content": None if record.content is None else json.dumps(record.content),
        **own,
    }


def _at(content: dict[str, Any] | None, path: str) -> Any:
    value: Any = content
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _value(kind: str, value: Any) -> Any:
    """The value when it is of the column's kind; anything else is only in `content`."""
    if kind == TEXT:
        return _text(value) if isinstance(value, str) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if kind == AMOUNT:
        return float(value) if abs(value) < 1e300 else None
    return value if isinstance(value, int) and abs(value) <= _NUMBER_MAX else None


def _text(value: str) -> str:
    return value.encode("utf-8", "replace").decode().replace("\0", "")[:255]
