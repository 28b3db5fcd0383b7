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
    Column("name", Text, nullable=False, server_default=""),
    Column("scope", String(16), nullable=False),
    of_reseller(nullable=True),
    instant("created_at"),
    instant("used_at", nullable=True),
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
    instant("created_at"),
    instant("seen_at", nullable=True),
    # Somebody who may not come in any more.
    instant("locked_at", nullable=True),
)

session = Table(
    "session",
    metadata,
    Column("fingerprint", String(64), primary_key=True),
    # By which its owner names it to end it.
    Column("uuid", String(36), nullable=False, unique=True),
    Column("person_id", Id, ForeignKey("person.id"), nullable=False),
    Column("csrf", String(64), nullable=False),
    Column("reseller_id", Id),
    Column("address", String(45), nullable=False),
    Column("agent", String(300), nullable=False),
    instant("created_at"),
    instant("seen_at"),
    instant("expires_at"),
    # Until when it may set a new password without the present one: for a while after a link.
    instant("password_reset_until", nullable=True),
    Index(None, "expires_at"),
    Index(None, "person_id"),
)

sign_in_link = Table(
    "sign_in_link",
    metadata,
    Column("fingerprint", String(64), primary_key=True),
    Column("person_id", Id, ForeignKey("person.id"), nullable=False),
    instant("expires_at"),
)

invite = Table(
    "invite",
    metadata,
    numbered(),
    Column("uuid", String(36), nullable=False, unique=True),
    Column("fingerprint", String(64), nullable=False, unique=True),
    Column("email", String(254), nullable=False, unique=True),
    Column("role", String(16), nullable=False),
    of_reseller(nullable=True),
    Column("invited_by", Text, nullable=False),
    instant("created_at"),
    instant("expires_at"),
    Index(None, "reseller_id"),
)

guess = Table(
    "guess",
    metadata,
    # A hash of the account's or the visitor's address: this table tells nobody who has an account.
    Column("key", String(64), primary_key=True),
    Column("failures", Integer, nullable=False),
    instant("at"),
    instant("until"),
    Index(None, "at"),
)
