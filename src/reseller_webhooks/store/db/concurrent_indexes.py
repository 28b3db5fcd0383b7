"""Creates indexes of partitioned tables while others write to them (PostgreSQL).

A migration creates such an index ON ONLY the whole table: at once, but not valid. Here each
partition gets its part by CREATE INDEX CONCURRENTLY, which no transaction may hold, and the part is
attached; with the last one the index is valid. When it is interrupted, the next `migrate` goes on.
Until then every answer is right, and some are slow. A partition that is added meanwhile has its
part from the beginning.
"""

import time
from typing import NamedTuple

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from reseller_webhooks.store.db.database import Database

ATTACH_S = 10.0
"""Meanwhile others wait behind it who want the same index."""
LOOK_S = 1.0
"""Between two looks at an index that another process is creating."""
UNDEFINED_TABLE = "42P01"
BY_ANOTHER = frozenset({"42P07", "42704", "23505", "40P01"})
"""Another process created or dropped the same index, or each waited for the other."""


class _Index(NamedTuple):
    """An index of a partitioned table that lacks parts. columns: what follows USING."""

    id: int
    name: str
    table: str
    columns: str


def complete(database: Database) -> None:
    """Create what invalid indexes lack; what another process is creating is waited for."""
    with database.read() as tx:
        if tx.dialect.name != "postgresql":
            return
        invalid = [_Index(*row) for row in tx.connection.execute(_INVALID)]
    for index in invalid:
        with database.without_transaction() as connection:
            given = {"table": index.table, "index": index.id}
            partitions = list(connection.execute(_LACKING, given).scalars())
            for partition in partitions:
                _create(connection, index, partition)
        for partition in partitions:
            _attach(database, index, partition)


def _create(connection: Connection, index: _Index, partition: str) -> None:
    """Create a part, or wait until another process has; look again whenever the two met."""
    given = {"name": _part(index, partition), "table": partition}
    while not (state := connection.execute(_STATE, given).one()).is_valid:
        if state.is_building:
            time.sleep(LOOK_S)
            continue
        try:
            if state.is_valid is False:  # an interrupted CREATE INDEX CONCURRENTLY left it
                connection.exec_driver_sql(f"DROP INDEX CONCURRENTLY {given['name']}")
            connection.exec_driver_sql(
                f"CREATE INDEX CONCURRENTLY {given['name']} ON {partition} USING {index.columns}"
            )
        except DBAPIError as error:
            state_code = getattr(error.orig, "sqlstate", None)
            if state_code == UNDEFINED_TABLE:
                return  # the day was dropped meanwhile
            if state_code not in BY_ANOTHER:
                raise


def _attach(database: Database, index: _Index, partition: str) -> None:
    with database.within(ATTACH_S * 2, lock_s=ATTACH_S).write() as tx:
        given = {"name": _part(index, partition), "table": partition}
        if tx.connection.execute(_STATE, given).one().is_valid:
            attach = f"ALTER INDEX {index.name} ATTACH PARTITION {given['name']}"
            tx.connection.exec_driver_sql(attach)


def _part(index: _Index, partition: str) -> str:
    """The name of an index's part: ix_attempt_log of attempt_20788 is ix_attempt_20788_log."""
    return index.name.replace(index.table, partition, 1)


_INVALID = text(
    "SELECT i.oid, i.relname, t.relname, split_part(pg_get_indexdef(i.oid), ' USING ', 2)"
    " FROM pg_index JOIN pg_class i ON i.oid = indexrelid JOIN pg_class t ON t.oid = indrelid"
    " WHERE i.relkind = 'I' AND NOT indisvalid"
    " AND t.relnamespace = CAST(current_schema() AS regnamespace) ORDER BY i.relname"
)
_LACKING = text(
    "SELECT t.relname FROM pg_inherits JOIN pg_class t ON t.oid = inhrelid"
    " WHERE inhparent = CAST(:table AS regclass) AND NOT EXISTS ("
    "  SELECT FROM pg_inherits part JOIN pg_index ON indexrelid = part.inhrelid"
    "  WHERE part.inhparent = :index AND indrelid = t.oid)"
    " ORDER BY t.relname"
)
_STATE = text(
    "SELECT (SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:name)) AS is_valid,"
    " EXISTS (SELECT FROM pg_stat_progress_create_index"
    "  WHERE datname = current_database() AND relid = to_regclass(:table)) AS is_building"
)
