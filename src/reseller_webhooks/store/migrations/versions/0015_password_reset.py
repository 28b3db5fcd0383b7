"""Sessions that began with a link, which may set a new password without the old one for a while."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.add_column("session", sa.Column("password_reset_until", sa.BigInteger()))
