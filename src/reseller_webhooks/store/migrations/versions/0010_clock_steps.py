"""The time at which each retry was scheduled, so that a step of the clock back is noticed."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.add_column("delivery", sa.Column("scheduled_at", sa.BigInteger()))
    op.create_index(
        "ix_delivery_scheduled_at",
        "delivery",
        ["scheduled_at"],
        sqlite_where=sa.text("scheduled_at IS NOT NULL"),
        postgresql_where=sa.text("scheduled_at IS NOT NULL"),
    )
