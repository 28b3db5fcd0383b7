"""Tables of keys, people and sessions, and of responses kept for idempotency keys."""

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    Integer,
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
    # role, reseller_id, password and locked_at mirror the only membership, for earlier versions.
    instant("locked_at", nullable=True),
)

# What a person may do at a reseller; operators have one without a reseller.
membership = Table(
    "membership",
    metadata,
    numbered(),
    Column("uuid", String(36), nullable=False, unique=True),
    Column("person_id", Id, ForeignKey("person.id"), nullable=False),
    of_reseller(nullable=True),
    Column("role", String(16), nullable=False),
    # A hash. Whoever has set it has shown that they may enter this reseller, not more.
    Column("password", Text),
    instant("created_at"),
    instant("seen_at", nullable=True),
    instant("locked_at", nullable=True),
    # The row stays, so that the reseller's audit log goes on to name the person.
    instant("removed_at", nullable=True),
    UniqueConstraint("person_id", "reseller_id"),
    Index(None, "reseller_id", "id"),
)

# Whom an identity provider means: a subject of an issuer (OpenID Connect Core, 5.7).
identity = Table(
    "identity",
    metadata,
    numbered(),
    Column("issuer", Text, nullable=False),
    Column("subject", String(255), nullable=False),
    Column("person_id", Id, ForeignKey("person.id"), nullable=False),
    instant("created_at"),
    UniqueConstraint("issuer", "subject"),
    UniqueConstraint("person_id", "issuer"),
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
    # Ids of the memberships that it may enter; without a value, that of the mirror in `person`.
    Column("opens", Text),
    # How it began.
    Column("way", String(20)),
    # The membership that it has entered.
    Column("membership_id", Id),
    Index(None, "expires_at"),
    Index(None, "person_id"),
)

sign_in_link = Table(
    "sign_in_link",
    metadata,
    Column("fingerprint", String(64), primary_key=True),
    Column("person_id", Id, ForeignKey("person.id"), nullable=False),
    instant("expires_at"),
    Column("opens", Text),
    Column("way", String(20)),
)

invite = Table(
    "invite",
    metadata,
    numbered(),
    Column("uuid", String(36), nullable=False, unique=True),
    Column("fingerprint", String(64), nullable=False, unique=True),
    Column("email", String(254), nullable=False),
    Column("role", String(16), nullable=False),
    of_reseller(nullable=True),
    Column("invited_by", Text, nullable=False),
    instant("created_at"),
    instant("expires_at"),
    UniqueConstraint("email", "reseller_id"),
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
