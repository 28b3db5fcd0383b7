"""The time of the last maintenance, so that a clock that jumps ahead deletes nothing at once."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    table = op.create_table(
        "maintenance_clock",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("hold_until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_maintenance_clock"),
    )
    op.bulk_insert(table, [{"id": 1, "seen_at": 0, "hold_until": 0}])
