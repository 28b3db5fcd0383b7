"""When somebody asked last that what waits for a webhook is tried at once."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("webhook", sa.Column("hurried_at", sa.BigInteger()))
