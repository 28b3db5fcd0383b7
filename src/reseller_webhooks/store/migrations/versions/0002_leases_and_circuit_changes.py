"""Leases of partitions, the history of circuits, headers of answers, the format of a webhook."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
PARTS = 256


def upgrade() -> None:
    op.add_column("attempt", sa.Column("response_headers", sa.Text()))
    op.add_column(
        "webhook",
        sa.Column("format", sa.String(length=16), nullable=False, server_default="NOTIFICATION"),
    )
    op.create_table(
        "circuit_change",
        sa.Column("id", ID, nullable=False),
        sa.Column("webhook_id", ID, nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["webhook_id"], ["webhook.id"], name="fk_circuit_change_webhook_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_circuit_change"),
    )
    op.create_index("ix_circuit_change_webhook_id_at", "circuit_change", ["webhook_id", "at"])
    op.create_index("ix_circuit_change_at", "circuit_change", ["at"])
    lease = op.create_table(
        "lease",
        sa.Column("part", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("owner", sa.String(length=36)),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("part", name="pk_lease"),
    )
    op.create_table(
        "member",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("version", sa.String(length=32), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_member"),
    )
    op.bulk_insert(lease, [{"part": part, "epoch": 0, "until": 0} for part in range(PARTS)])
