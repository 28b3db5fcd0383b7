"""Quotas of resellers: what operators set, what is used up, how much is stored."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "reseller_quota",
        sa.Column("reseller_id", ID, autoincrement=False, nullable=False),
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("reseller_id", "name", name="pk_reseller_quota"),
    )
    op.create_table(
        "quota_bucket",
        sa.Column("reseller_id", ID, autoincrement=False, nullable=False),
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("full_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("reseller_id", "name", name="pk_quota_bucket"),
    )
    op.create_table(
        "stored_bytes",
        sa.Column("reseller_id", ID, autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("reseller_id", "kind", "day", name="pk_stored_bytes"),
    )
