"""An index of the log's lines about records that were added or removed.

On PostgreSQL it is created as 0018 does: `migrate` creates the part of each day (see there).
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"

INDEX = (
    "INDEX ix_attempt_log_action ON {table} (reseller_id, action, created_at, delivery_id)"
    " WHERE state IS NOT NULL AND action <> 'CHANGED'"
)


def upgrade() -> None:
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    table = "ONLY attempt" if is_postgresql else "attempt"
    op.execute(sa.text(f"CREATE {INDEX.format(table=table)}"))
