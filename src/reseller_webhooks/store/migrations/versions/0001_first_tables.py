"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "reseller",
        sa.Column("id", ID, nullable=False),
        sa.Column("uuid", sa.String(length=36), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_reseller"),
        sa.UniqueConstraint("uuid", name="uq_reseller_uuid"),
    )
    op.create_table(
        "digest",
        sa.Column("reseller_id", ID, nullable=False),
        sa.Column("resource", sa.String(length=16), nullable=False),
        sa.Column("bucket", sa.SmallInteger(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("value", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["reseller_id"], ["reseller.id"], name="fk_digest_reseller_id"),
        sa.PrimaryKeyConstraint("reseller_id", "resource", "bucket", name="pk_digest"),
    )
    op.create_table(
        "attempt",
        sa.Column("id", ID, nullable=False),
        sa.Column("delivery_id", ID, nullable=False),
        sa.Column("event_id", ID, nullable=False),
        sa.Column("webhook_id", ID, nullable=False),
        sa.Column("reseller_id", ID, nullable=False),
        sa.Column("resource", sa.String(length=16), nullable=False),
        sa.Column("action", sa.String(length=8), nullable=False),
        sa.Column("resource_uuid", sa.String(length=64), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("ms", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(length=8)),
        sa.Column("status", sa.SmallInteger()),
        sa.Column("reason", sa.String(length=24)),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("response", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16)),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("replay_of", ID),
        sa.PrimaryKeyConstraint("id", name="pk_attempt"),
    )
    op.create_index("ix_attempt_at", "attempt", ["at"])
    op.create_index("ix_attempt_delivery_id", "attempt", ["delivery_id"])
    op.create_index("ix_attempt_event_id", "attempt", ["event_id"])
    op.create_index(
        "ix_attempt_log",
        "attempt",
        ["reseller_id", "created_at", "delivery_id"],
        sqlite_where=sa.text("state IS NOT NULL"),
        postgresql_where=sa.text("state IS NOT NULL"),
    )
    op.create_index(
        "ix_attempt_log_unhappy",
        "attempt",
        ["reseller_id", "state", "created_at", "delivery_id"],
        sqlite_where=sa.text("state <> 'DELIVERED'"),
        postgresql_where=sa.text("state <> 'DELIVERED'"),
    )
    op.create_index(
        "ix_attempt_log_webhook",
        "attempt",
        ["webhook_id", "created_at", "delivery_id"],
        sqlite_where=sa.text("state IS NOT NULL"),
        postgresql_where=sa.text("state IS NOT NULL"),
    )
    op.create_table(
        "idempotency",
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_idempotency"),
    )
    op.create_index("ix_idempotency_at", "idempotency", ["at"])
    op.create_table(
        "number",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_number"),
    )
    op.create_table(
        "api_key",
        sa.Column("id", ID, nullable=False),
        sa.Column("uuid", sa.String(length=36), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("start", sa.String(length=12), nullable=False),
        sa.Column("scope", sa.String(length=16), nullable=False),
        sa.Column("reseller_id", ID),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger()),
        sa.ForeignKeyConstraint(["reseller_id"], ["reseller.id"], name="fk_api_key_reseller_id"),
        sa.PrimaryKeyConstraint("id", name="pk_api_key"),
        sa.UniqueConstraint("fingerprint", name="uq_api_key_fingerprint"),
        sa.UniqueConstraint("uuid", name="uq_api_key_uuid"),
    )
    op.create_table(
        "event",
        sa.Column("id", ID, nullable=False),
        sa.Column("uuid", sa.String(length=36), nullable=False),
        sa.Column("reseller_id", ID, nullable=False),
        sa.Column("resource", sa.String(length=16), nullable=False),
        sa.Column("resource_uuid", sa.String(length=64), nullable=False),
        sa.Column("action", sa.String(length=8), nullable=False),
        sa.Column("ticked", sa.SmallInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["reseller_id"], ["reseller.id"], name="fk_event_reseller_id"),
        sa.PrimaryKeyConstraint("id", name="pk_event"),
        sa.UniqueConstraint("uuid", name="uq_event_uuid"),
    )
    op.create_index("ix_event_changed_at", "event", ["changed_at"])
    op.create_index(
        "ix_event_reseller_id_resource_resource_uuid_version",
        "event",
        ["reseller_id", "resource", "resource_uuid", "version"],
    )
    op.create_table(
        "person",
        sa.Column("id", ID, nullable=False),
        sa.Column("uuid", sa.String(length=36), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("password", sa.Text()),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("reseller_id", ID),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("locked_until", sa.BigInteger()),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["reseller_id"], ["reseller.id"], name="fk_person_reseller_id"),
        sa.PrimaryKeyConstraint("id", name="pk_person"),
        sa.UniqueConstraint("email", name="uq_person_email"),
        sa.UniqueConstraint("uuid", name="uq_person_uuid"),
    )
    op.create_table(
        "record",
        sa.Column("id", ID, nullable=False),
        sa.Column("reseller_id", ID, nullable=False),
        sa.Column("resource", sa.String(length=16), nullable=False),
        sa.Column("uuid", sa.String(length=64), nullable=False),
        sa.Column("parent", sa.String(length=64)),
        sa.Column("alias", sa.String(length=64)),
        sa.Column("bucket", sa.SmallInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("removed", sa.Boolean(), nullable=False),
        sa.Column("status", sa.Text()),
        sa.Column("content", sa.Text()),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["reseller_id"], ["reseller.id"], name="fk_record_reseller_id"),
        sa.PrimaryKeyConstraint("id", name="pk_record"),
        sa.UniqueConstraint(
            "uuid", "resource", "reseller_id", name="uq_record_uuid_resource_reseller_id"
        ),
    )
    op.create_index(
        "ix_record_reseller_id_resource_bucket",
        "record",
        ["reseller_id", "resource", "bucket"],
    )
    op.create_index(
        "ix_record_parent_alias",
        "record",
        ["parent", "alias"],
        sqlite_where=sa.text("parent IS NOT NULL"),
        postgresql_where=sa.text("parent IS NOT NULL"),
    )
    op.create_index(
        "ix_record_reseller_id_resource_id", "record", ["reseller_id", "resource", "id"]
    )
    op.create_table(
        "webhook",
        sa.Column("id", ID, nullable=False),
        sa.Column("uuid", sa.String(length=36), nullable=False),
        sa.Column("reseller_id", ID, nullable=False),
        sa.Column("part", sa.SmallInteger(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("resource", sa.String(length=16), nullable=False),
        sa.Column("actions", sa.SmallInteger(), nullable=False),
        sa.Column("auth_type", sa.String(length=32), nullable=False),
        sa.Column("auth_sealed", sa.Text(), nullable=False),
        sa.Column("secret_sealed", sa.Text(), nullable=False),
        sa.Column("previous_secret_sealed", sa.Text()),
        sa.Column("previous_secret_until", sa.BigInteger()),
        sa.Column("mode", sa.String(length=16), nullable=False),
        sa.Column("ordered", sa.Boolean(), nullable=False),
        sa.Column("max_in_flight", sa.Integer(), nullable=False),
        sa.Column("rate_per_second", sa.Float()),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("circuit", sa.String(length=8), nullable=False),
        sa.Column("circuit_reason", sa.Text(), nullable=False),
        sa.Column("circuit_at", sa.BigInteger()),
        sa.Column("probe_at", sa.BigInteger()),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("deleted_at", sa.BigInteger()),
        sa.ForeignKeyConstraint(["reseller_id"], ["reseller.id"], name="fk_webhook_reseller_id"),
        sa.PrimaryKeyConstraint("id", name="pk_webhook"),
        sa.UniqueConstraint("uuid", name="uq_webhook_uuid"),
    )
    op.create_index("ix_webhook_changed_at", "webhook", ["changed_at"])
    op.create_index(
        "ix_webhook_fanout",
        "webhook",
        ["reseller_id", "resource"],
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_index(
        "uq_webhook_target",
        "webhook",
        ["reseller_id", "url", "resource"],
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "delivery",
        sa.Column("id", ID, nullable=False),
        sa.Column("event_id", ID, nullable=False),
        sa.Column("webhook_id", ID, nullable=False),
        sa.Column("reseller_id", ID, nullable=False),
        sa.Column("part", sa.SmallInteger(), nullable=False),
        sa.Column("resource", sa.String(length=16), nullable=False),
        sa.Column("action", sa.String(length=8), nullable=False),
        sa.Column("resource_uuid", sa.String(length=64), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.Column("replay_of", ID),
        sa.ForeignKeyConstraint(["webhook_id"], ["webhook.id"], name="fk_delivery_webhook_id"),
        sa.PrimaryKeyConstraint("id", name="pk_delivery"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_delivery_event_id", "delivery", ["event_id"])
    op.create_index(
        "ix_delivery_reseller_id_created_at_id", "delivery", ["reseller_id", "created_at", "id"]
    )
    op.create_index(
        "ix_delivery_webhook_id_next_at_id", "delivery", ["webhook_id", "next_at", "id"]
    )
    op.create_index(
        "ix_delivery_webhook_id_resource_uuid_version",
        "delivery",
        ["webhook_id", "resource_uuid", "version"],
    )
    op.create_table(
        "session",
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("person_id", ID, nullable=False),
        sa.Column("csrf", sa.String(length=64), nullable=False),
        sa.Column("reseller_id", ID),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_session_person_id"),
        sa.PrimaryKeyConstraint("fingerprint", name="pk_session"),
    )
    op.create_index("ix_session_expires_at", "session", ["expires_at"])
    op.create_table(
        "sign_in_link",
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("person_id", ID, nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_sign_in_link_person_id"),
        sa.PrimaryKeyConstraint("fingerprint", name="pk_sign_in_link"),
    )
