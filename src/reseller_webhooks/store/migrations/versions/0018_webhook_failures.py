"""An index of what a webhook's deliveries came to, apart from those that were delivered.

On PostgreSQL the index of the whole table is created alone, at once, and is not valid yet;
`migrate` then creates its part of each day without blocking writers
(store/db/concurrent_indexes.py).
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"

INDEX = (
    "INDEX ix_attempt_log_webhook_unhappy ON {table}"
    " (webhook_id, state, created_at, delivery_id) WHERE state <> 'DELIVERED'"
)


def upgrade() -> None:
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    table = "ONLY attempt" if is_postgresql else "attempt"
    op.execute(sa.text(f"CREATE {INDEX.format(table=table)}"))
