"""Notes on attempts: what was unusual, whether they were accepted or not."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    op.add_column("attempt", sa.Column("note", sa.Text()))
