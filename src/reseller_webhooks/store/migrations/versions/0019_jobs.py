"""Background jobs; and an index that finds what was sent again already.

The index holds retries alone, so no other delivery writes to it. On PostgreSQL `migrate` creates
its part of each day without blocking writers (store/db/concurrent_indexes.py).
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
UNFINISHED = sa.text("finished_at IS NULL")
RETRIES = (
    "INDEX ix_attempt_retry ON {table} (event_id, webhook_id, delivery_id)"
    " WHERE replay_of IS NOT NULL AND state IS NOT NULL"
)


def upgrade() -> None:
    op.create_table(
        "job",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("uuid", sa.String(36), nullable=False),
        sa.Column("reseller_id", ID, nullable=False),
        sa.Column("webhook_id", ID),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("actor_kind", sa.String(16), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.BigInteger()),
        sa.Column("until", sa.BigInteger()),
        sa.Column("total", sa.BigInteger()),
        sa.Column("handled", sa.BigInteger(), nullable=False),
        sa.Column("made", sa.BigInteger(), nullable=False),
        sa.Column("position_at", sa.BigInteger()),
        sa.Column("position_id", sa.BigInteger()),
        sa.Column("claim", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(24), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger()),
        sa.ForeignKeyConstraint(["reseller_id"], ["reseller.id"], name="fk_job_reseller_id"),
        sa.PrimaryKeyConstraint("id", name="pk_job"),
        sa.UniqueConstraint("uuid", name="uq_job_uuid"),
    )
    op.create_index("ix_job_reseller_id_created_at_id", "job", ["reseller_id", "created_at", "id"])
    op.create_index("ix_job_finished_at", "job", ["finished_at"])
    _partial("ix_job_unfinished", "job", ["next_at"], UNFINISHED)
    _partial("ix_job_unfinished_reseller", "job", ["reseller_id", "id"], UNFINISHED)
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    table = "ONLY attempt" if is_postgresql else "attempt"
    op.execute(sa.text(f"CREATE {RETRIES.format(table=table)}"))


def _partial(name: str, table: str, columns: list[str], condition: sa.TextClause) -> None:
    op.create_index(name, table, columns, sqlite_where=condition, postgresql_where=condition)
