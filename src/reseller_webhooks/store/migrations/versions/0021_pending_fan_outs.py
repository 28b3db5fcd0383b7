"""Events whose deliveries are made in steps after their transaction.

An earlier version of the program does not know of them: it would let a later change of a record
overtake one whose deliveries are still to be made. So a store that is in use makes none until a
day after this migration; an earlier version does not run beside us that long.
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"

NOW = {
    "postgresql": "CAST(EXTRACT(EPOCH FROM now()) AS BIGINT) * 1000000",
    "sqlite": "CAST(strftime('%s', 'now') AS INTEGER) * 1000000",
}


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "pending_fan_out",
        sa.Column("event_id", number, autoincrement=False, nullable=False),
        sa.Column("reseller_id", number, nullable=False),
        sa.Column("resource", sa.String(16), nullable=False),
        sa.Column("resource_uuid", sa.String(64), nullable=False),
        sa.Column("webhook_after", number, nullable=False),
        sa.Column("webhook_upto", number, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name="pk_pending_fan_out"),
        sa.ForeignKeyConstraint(
            ["reseller_id"], ["reseller.id"], name="fk_pending_fan_out_reseller_id"
        ),
    )
    op.create_index(
        "ix_pending_fan_out_reseller_id_event_id", "pending_fan_out", ["reseller_id", "event_id"]
    )
    op.create_index("ix_pending_fan_out_resource_uuid", "pending_fan_out", ["resource_uuid"])
    now = NOW[op.get_bind().dialect.name]
    op.execute(
        sa.text(
            "INSERT INTO feature (name, since) SELECT 'fan_out_steps',"  # noqa: S608 - our own
            f" CASE WHEN EXISTS (SELECT 1 FROM event) THEN {now} ELSE 0 END"
        )
    )
