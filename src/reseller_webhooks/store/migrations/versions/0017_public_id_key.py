"""The key that public ids are encrypted with."""

import sqlalchemy as sa
from alembic import op

from reseller_webhooks.crypto import random_bytes

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    table = op.create_table(
        "public_id_key",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_public_id_key"),
    )
    op.bulk_insert(table, [{"id": 1, "key": random_bytes(32).hex()}])
