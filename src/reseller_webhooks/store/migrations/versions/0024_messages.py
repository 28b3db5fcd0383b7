"""Reasons as codes with parameters, beside their texts, which the version before reads."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"

COLUMNS = {
    "attempt": "message",
    "webhook": "circuit_message",
    "circuit_change": "message",
    "backfill": "message",
}


def upgrade() -> None:
    for table, column in COLUMNS.items():
        op.add_column(table, sa.Column(column, sa.Text()))
