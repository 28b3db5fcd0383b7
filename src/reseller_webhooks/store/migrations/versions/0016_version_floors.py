"""Version floors: above which records are made anew once their tombstones were deleted.

An earlier version of the program does not know of them, so no tombstone is deleted before as long
as notifications are kept has passed since this migration; it does not run beside us that long.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

NOW = {
    "postgresql": "CAST(EXTRACT(EPOCH FROM now()) AS BIGINT) * 1000000",
    "sqlite": "CAST(strftime('%s', 'now') AS INTEGER) * 1000000",
}


def upgrade() -> None:
    for table in ("reseller", "digest"):
        column = sa.Column("version_floor", sa.BigInteger(), nullable=False, server_default="0")
        op.add_column(table, column)
    op.create_index(
        "ix_record_tombstone",
        "record",
        ["id"],
        sqlite_where=sa.text("removed"),
        postgresql_where=sa.text("removed"),
    )
    now = NOW[op.get_bind().dialect.name]
    op.execute(sa.text(f"INSERT INTO feature (name, since) VALUES ('version_floors', {now})"))  # noqa: S608 - our own
