"""Records and their events: the state of every resource, and what happened, never edited."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from reseller_webhooks.store.tables.columns import (
    Id,
    instant,
    metadata,
    numbered,
    of_reseller,
    only,
)

reseller = Table(
    "reseller",
    metadata,
    numbered(),
    Column("uuid", String(36), nullable=False, unique=True),
    Column("name", Text, nullable=False),
    instant("created_at"),
    # The highest version of a tombstone that was deleted: records made anew begin above it.
    Column("version_floor", BigInteger, nullable=False, server_default="0"),
)

record = Table(
    "record",
    metadata,
    numbered(),
    of_reseller(),
    Column("resource", String(16), nullable=False),
    Column("uuid", String(64), nullable=False),
    Column("parent", String(64)),
    Column("alias", String(64)),
    Column("bucket", SmallInteger, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("removed", Boolean, nullable=False),
    Column("status", Text),
    Column("content", Text),
    instant("changed_at"),
    UniqueConstraint("uuid", "resource", "reseller_id"),
    Index(None, "reseller_id", "resource", "id"),
    Index(None, "reseller_id", "resource", "bucket"),
    # By id and not by age: a change of an indexed column would cost every index (no HOT update).
    Index("ix_record_tombstone", "id", **only("removed")),
    Index(
        None,
        "parent",
        "alias",
        **only("parent IS NOT NULL"),
    ),
)

number = Table(
    "number",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("last", BigInteger, nullable=False),
)

digest = Table(
    "digest",
    metadata,
    Column("reseller_id", Id, ForeignKey("reseller.id"), primary_key=True),
    Column("resource", String(16), primary_key=True),
    Column("bucket", SmallInteger, primary_key=True, autoincrement=False),
    Column("count", BigInteger, nullable=False),
    Column("value", String(32), nullable=False),
    # As `reseller.version_floor`, of this bucket alone.
    Column("version_floor", BigInteger, nullable=False, server_default="0"),
)

event = Table(
    "event",
    metadata,
    numbered(),
    Column("uuid", String(36), nullable=False, unique=True),
    of_reseller(),
    Column("resource", String(16), nullable=False),
    Column("resource_uuid", String(64), nullable=False),
    Column("action", String(8), nullable=False),
    Column("ticked", SmallInteger, nullable=False),
    Column("version", BigInteger, nullable=False),
    instant("changed_at"),
    Column("body", Text, nullable=False),
    Index(None, "reseller_id", "resource", "resource_uuid", "version"),
    Index(None, "changed_at"),
)
