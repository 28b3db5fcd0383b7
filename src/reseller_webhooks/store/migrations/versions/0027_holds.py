"""Webhooks that their receiver holds (Retry-After), and the reason why one is paused."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    op.add_column("webhook", sa.Column("held_until", sa.BigInteger()))
    op.add_column("webhook", sa.Column("pause_reason", sa.String(16)))
