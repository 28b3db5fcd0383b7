"""Backfills: how far the sending of present state has come, for each webhook."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0002"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
RUNNING = sa.text("state = 'RUNNING'")


def upgrade() -> None:
    op.create_table(
        "backfill",
        sa.Column("webhook_id", ID, autoincrement=False, nullable=False),
        sa.Column("resource", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("rate", sa.Integer(), nullable=False),
        sa.Column("with_removed", sa.Boolean(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("sent", sa.BigInteger(), nullable=False),
        sa.Column("passed", sa.BigInteger(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger()),
        sa.ForeignKeyConstraint(["webhook_id"], ["webhook.id"], name="fk_backfill_webhook_id"),
        sa.PrimaryKeyConstraint("webhook_id", name="pk_backfill"),
    )
    op.create_index(
        "ix_backfill_next_at",
        "backfill",
        ["next_at"],
        sqlite_where=RUNNING,
        postgresql_where=RUNNING,
    )
