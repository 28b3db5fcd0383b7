"""Events and attempts by day on PostgreSQL (store/db/day_partitions.py). No row is copied.

What is there becomes the first partition. An event's uuid is no longer unique by constraint, since
a unique index of a partitioned table must hold the id too; it is made by us, with 74 random bits.
"""

from alembic import op

revision = "0006"
down_revision = "0005"

DAY_BITS = 36
DAY = "SELECT CAST(EXTRACT(EPOCH FROM now()) AS BIGINT) / 86400"
INDEXES = {
    "event": (
        "ix_event_changed_at ON event (changed_at)",
        "ix_event_uuid ON event (uuid)",
        "ix_event_reseller_id_resource_resource_uuid_version"
        " ON event (reseller_id, resource, resource_uuid, version)",
    ),
    "attempt": (
        "ix_attempt_at ON attempt (at)",
        "ix_attempt_delivery_id ON attempt (delivery_id)",
        "ix_attempt_event_id ON attempt (event_id)",
        "ix_attempt_log ON attempt (reseller_id, created_at, delivery_id) WHERE state IS NOT NULL",
        "ix_attempt_log_unhappy ON attempt (reseller_id, state, created_at, delivery_id)"
        " WHERE state <> 'DELIVERED'",
        "ix_attempt_log_webhook ON attempt (webhook_id, created_at, delivery_id)"
        " WHERE state IS NOT NULL",
    ),
}


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute("ALTER TABLE event DROP CONSTRAINT uq_event_uuid")
    op.execute("ALTER TABLE event DROP CONSTRAINT fk_event_reseller_id")
    for table in INDEXES:
        _split(table)
    op.execute(
        "ALTER TABLE event ADD CONSTRAINT fk_event_reseller_id"
        " FOREIGN KEY (reseller_id) REFERENCES reseller (id)"
    )


def _split(table: str) -> None:
    (day,) = op.get_bind().exec_driver_sql(DAY).one()
    today = day << DAY_BITS
    before = f"{table}_before"
    op.execute(f"ALTER TABLE {table} RENAME TO {before}")
    op.execute(f"ALTER INDEX pk_{table} RENAME TO pk_{before}")
    for index in INDEXES[table]:
        name = index.split()[0]
        op.execute(f"ALTER INDEX IF EXISTS {name} RENAME TO {name}_before")
    op.execute(f"CREATE TABLE {table} (LIKE {before} INCLUDING DEFAULTS) PARTITION BY RANGE (id)")
    op.execute(f"ALTER TABLE {table} ADD CONSTRAINT pk_{table} PRIMARY KEY (id)")
    for index in INDEXES[table]:
        op.execute(f"CREATE INDEX {index}")
    op.execute(f"ALTER SEQUENCE {table}_id_seq OWNED BY {table}.id")
    op.execute(
        f"ALTER TABLE {table} ATTACH PARTITION {before} FOR VALUES FROM (MINVALUE) TO ({today})"
    )
