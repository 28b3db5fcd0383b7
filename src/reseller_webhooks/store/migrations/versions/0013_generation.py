"""The store's generation, and on PostgreSQL the timeline that a transaction writes on."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

# NULL where the server does not tell: on a standby, and on services that have no such functions.
TIMELINE = """
CREATE OR REPLACE FUNCTION store_timeline() RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8);
EXCEPTION WHEN OTHERS THEN
    RETURN NULL;
END $$
"""


def upgrade() -> None:
    table = op.create_table(
        "generation",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("floor", sa.BigInteger(), nullable=False),
        sa.Column("raised_at", sa.BigInteger()),
        sa.Column("origin", sa.Text()),
        sa.Column("lifted", sa.BigInteger(), nullable=False),
        sa.Column("lift_to", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_generation"),
    )
    op.bulk_insert(table, [{"id": 1, "number": 1, "floor": 0, "lifted": 0, "lift_to": 0}])
    if op.get_bind().dialect.name == "postgresql":
        op.execute(TIMELINE)
