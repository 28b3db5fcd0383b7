"""Who may do what: keys, people, sessions; and requests that were answered already."""

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
)

from reseller_webhooks.store.schema.columns import (
    Id,
    instant,
    metadata,
    numbered,
    of_reseller,
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("key", String(255), primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("answer", Text, nullable=False),
    instant("at"),
    Index(None, "at"),
)

api_key = Table(
    "api_key",
    metadata,
    numbered(),
    Column("uuid", String(36), nullable=False, unique=True),
    Column("fingerprint", String(64), nullable=False, unique=True),
    Column("start", String(12), nullable=False),
    Column("scope", String(16), nullable=False),
    of_reseller(nullable=True),
    instant("created_at"),
    instant("revoked_at", nullable=True),
)

person = Table(
    "person",
    metadata,
    numbered(),
    Column("uuid", String(36), nullable=False, unique=True),
    Column("email", String(254), nullable=False, unique=True),
    Column("password", Text),
    Column("role", String(16), nullable=False),
    of_reseller(nullable=True),
    Column("failures", Integer, nullable=False),
    instant("locked_until", nullable=True),
    instant("created_at"),
)

session = Table(
    "session",
    metadata,
    Column("fingerprint", String(64), primary_key=True),
    Column("person_id", Id, ForeignKey("person.id"), nullable=False),
    Column("csrf", String(64), nullable=False),
    Column("reseller_id", Id),
    instant("created_at"),
    instant("expires_at"),
    Index(None, "expires_at"),
)

sign_in_link = Table(
    "sign_in_link",
    metadata,
    Column("fingerprint", String(64), primary_key=True),
    Column("person_id", Id, ForeignKey("person.id"), nullable=False),
    instant("expires_at"),
)
