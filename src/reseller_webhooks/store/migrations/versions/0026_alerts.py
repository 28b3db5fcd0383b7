"""Alerts by e-mail: preferences, what users were told, outbox; and an index of open circuits."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "alert_preference",
        sa.Column("membership_id", ID, nullable=False),
        sa.Column("delay_s", sa.Integer()),
        sa.Column("language", sa.String(8), nullable=False),
        _of_membership("alert_preference"),
        sa.PrimaryKeyConstraint("membership_id", name="pk_alert_preference"),
    )
    op.create_table(
        "webhook_alert",
        sa.Column("webhook_id", ID, autoincrement=False, nullable=False),
        sa.Column("membership_id", ID, nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        _of_membership("webhook_alert"),
        sa.PrimaryKeyConstraint("webhook_id", "membership_id", name="pk_webhook_alert"),
    )
    op.create_table(
        "email",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("uuid", sa.String(36), nullable=False),
        sa.Column("membership_id", ID, nullable=False),
        sa.Column("recipient", sa.String(254), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("params", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger()),
        _of_membership("email"),
        sa.PrimaryKeyConstraint("id", name="pk_email"),
        sa.UniqueConstraint("uuid", name="uq_email_uuid"),
    )
    op.create_index("ix_email_membership_id_created_at", "email", ["membership_id", "created_at"])
    op.create_index("ix_email_finished_at", "email", ["finished_at"])
    _partial("ix_email_unfinished", "email", ["next_at"], "finished_at IS NULL")
    _partial("ix_webhook_open", "webhook", ["reseller_id", "circuit_at"], "circuit = 'OPEN'")


def _of_membership(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["membership_id"], ["membership.id"], name=f"fk_{table}_membership_id"
    )


def _partial(name: str, table: str, columns: list[str], condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)
