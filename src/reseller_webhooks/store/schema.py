"""The tables. Instants are integer microseconds UTC; sets of actions are masks (core/names).

record    current state of every resource          event   written once, never edited
delivery  only while unfinished: small and hot     attempt append-only; the one that `closes`
                                                           a delivery is its line in the log
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite numbers rows by itself only in a column that is exactly INTEGER PRIMARY KEY.
Id = BigInteger().with_variant(Integer, "sqlite")


def _id() -> Column[int]:
    return Column("id", Id, primary_key=True, autoincrement=True)


def _at(name: str, *, nullable: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=nullable)


def _only(condition: str) -> dict[str, Any]:
    """A partial index, in both databases' words."""
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


def _reseller(*, nullable: bool = False) -> Column[int]:
    return Column("reseller_id", Id, ForeignKey("reseller.id"), nullable=nullable)


reseller = Table(
    "reseller",
    metadata,
    _id(),
    Column("uuid", String(36), nullable=False, unique=True),
    Column("name", Text, nullable=False),
    _at("created_at"),
)

record = Table(
    "record",
    metadata,
    _id(),
    _reseller(),
    Column("resource", String(16), nullable=False),
    Column("uuid", String(64), nullable=False),
    Column("parent", String(64)),
    Column("alias", String(64)),
    Column("bucket", SmallInteger, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("removed", Boolean, nullable=False),
    Column("status", Text),
    Column("content", Text),
    _at("changed_at"),
    UniqueConstraint("uuid", "resource", "reseller_id"),
    Index(None, "reseller_id", "resource", "id"),
    Index(None, "reseller_id", "resource", "bucket"),
    Index(
        None,
        "parent",
        "alias",
        **_only("parent IS NOT NULL"),
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
)

event = Table(
    "event",
    metadata,
    _id(),
    Column("uuid", String(36), nullable=False, unique=True),
    _reseller(),
    Column("resource", String(16), nullable=False),
    Column("resource_uuid", String(64), nullable=False),
    Column("action", String(8), nullable=False),
    Column("ticked", SmallInteger, nullable=False),
    Column("version", BigInteger, nullable=False),
    _at("changed_at"),
    Column("body", Text, nullable=False),
    Index(None, "reseller_id", "resource", "resource_uuid", "version"),
    Index(None, "changed_at"),
)

webhook = Table(
    "webhook",
    metadata,
    _id(),
    Column("uuid", String(36), nullable=False, unique=True),
    _reseller(),
    Column("part", SmallInteger, nullable=False),
    Column("url", Text, nullable=False),
    Column("resource", String(16), nullable=False),
    Column("actions", SmallInteger, nullable=False),
    Column("auth_type", String(32), nullable=False),
    Column("auth_sealed", Text, nullable=False),
    Column("secret_sealed", Text, nullable=False),
    Column("previous_secret_sealed", Text),
    _at("previous_secret_until", nullable=True),
    Column("mode", String(16), nullable=False),
    Column("ordered", Boolean, nullable=False),
    Column("max_in_flight", Integer, nullable=False),
    Column("rate_per_second", Float),
    Column("state", String(8), nullable=False),
    Column("circuit", String(8), nullable=False),
    Column("circuit_reason", Text, nullable=False),
    _at("circuit_at", nullable=True),
    _at("probe_at", nullable=True),
    _at("created_at"),
    _at("changed_at"),
    _at("deleted_at", nullable=True),
    Index(
        "uq_webhook_target",
        "reseller_id",
        "url",
        "resource",
        unique=True,
        **_only("deleted_at IS NULL"),
    ),
    Index(
        "ix_webhook_fanout",
        "reseller_id",
        "resource",
        **_only("deleted_at IS NULL"),
    ),
    Index(None, "changed_at"),
)

delivery = Table(
    "delivery",
    metadata,
    _id(),
    Column("event_id", Id, nullable=False),
    Column("webhook_id", Id, ForeignKey("webhook.id"), nullable=False),
    Column("reseller_id", Id, nullable=False),
    Column("part", SmallInteger, nullable=False),
    Column("resource", String(16), nullable=False),
    Column("action", String(8), nullable=False),
    Column("resource_uuid", String(64), nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    _at("created_at"),
    _at("next_at"),
    Column("replay_of", Id),
    Index(None, "webhook_id", "next_at", "id"),
    Index(None, "webhook_id", "resource_uuid", "version"),
    Index(None, "reseller_id", "created_at", "id"),
    Index(None, "event_id"),
    # Ids are never used twice: the log keeps the id of a delivery after its row is gone.
    sqlite_autoincrement=True,
)

attempt = Table(
    "attempt",
    metadata,
    _id(),
    Column("delivery_id", Id, nullable=False),
    Column("event_id", Id, nullable=False),
    Column("webhook_id", Id, nullable=False),
    Column("reseller_id", Id, nullable=False),
    Column("resource", String(16), nullable=False),
    Column("action", String(8), nullable=False),
    Column("resource_uuid", String(64), nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("number", Integer, nullable=False),
    _at("at"),
    Column("ms", Integer, nullable=False),
    Column("outcome", String(8)),
    Column("status", SmallInteger),
    Column("reason", String(24)),
    Column("detail", Text, nullable=False),
    Column("response", Text, nullable=False),
    # Only on the row that closes a delivery: its final state, and what its own row said.
    Column("state", String(16)),
    _at("created_at"),
    Column("replay_of", Id),
    Index(None, "delivery_id"),
    Index(None, "event_id"),
    Index(None, "at"),
    Index(
        "ix_attempt_log",
        "reseller_id",
        "created_at",
        "delivery_id",
        **_only("state IS NOT NULL"),
    ),
    Index(
        "ix_attempt_log_webhook",
        "webhook_id",
        "created_at",
        "delivery_id",
        **_only("state IS NOT NULL"),
    ),
    Index(
        "ix_attempt_log_unhappy",
        "reseller_id",
        "state",
        "created_at",
        "delivery_id",
        **_only("state <> 'DELIVERED'"),
    ),
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("key", String(255), primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("answer", Text, nullable=False),
    _at("at"),
    Index(None, "at"),
)

api_key = Table(
    "api_key",
    metadata,
    _id(),
    Column("uuid", String(36), nullable=False, unique=True),
    Column("fingerprint", String(64), nullable=False, unique=True),
    Column("start", String(12), nullable=False),
    Column("scope", String(16), nullable=False),
    _reseller(nullable=True),
    _at("created_at"),
    _at("revoked_at", nullable=True),
)

person = Table(
    "person",
    metadata,
    _id(),
    Column("uuid", String(36), nullable=False, unique=True),
    Column("email", String(254), nullable=False, unique=True),
    Column("password", Text),
    Column("role", String(16), nullable=False),
    _reseller(nullable=True),
    Column("failures", Integer, nullable=False),
    _at("locked_until", nullable=True),
    _at("created_at"),
)

session = Table(
    "session",
    metadata,
    Column("fingerprint", String(64), primary_key=True),
    Column("person_id", Id, ForeignKey("person.id"), nullable=False),
    Column("csrf", String(64), nullable=False),
    Column("reseller_id", Id),
    _at("created_at"),
    _at("expires_at"),
    Index(None, "expires_at"),
)

sign_in_link = Table(
    "sign_in_link",
    metadata,
    Column("fingerprint", String(64), primary_key=True),
    Column("person_id", Id, ForeignKey("person.id"), nullable=False),
    _at("expires_at"),
)
