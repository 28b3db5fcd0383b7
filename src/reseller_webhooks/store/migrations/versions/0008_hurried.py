"""The time of the last request to retry a webhook's pending deliveries at once."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("webhook", sa.Column("hurried_at", sa.BigInteger()))
