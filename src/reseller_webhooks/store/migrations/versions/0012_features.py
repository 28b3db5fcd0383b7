"""Features of the store that an earlier version cannot read, and features that each worker can.

A store that nobody has used yet has no earlier version to mind, so its secrets are bound to
their rows from the start; any other begins with `reseller-webhooks secrets reseal`.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "feature",
        sa.Column("name", sa.String(32), primary_key=True),
        sa.Column("since", sa.BigInteger(), nullable=False),
    )
    op.add_column("member", sa.Column("sealed_format", sa.SmallInteger()))
    op.execute(
        "INSERT INTO feature (name, since) SELECT 'bound_secrets', 0 "
        "WHERE NOT EXISTS (SELECT 1 FROM reseller) AND NOT EXISTS (SELECT 1 FROM member)"
    )
