"""Transactions that are writing a table, for readers that must not miss a delayed commit.

PostgreSQL: whoever writes a table holds a lock on it from before it draws a number until its
changes are visible, prepared transactions too, and whichever version of the program it is. So the
locks tell who may still bring a lower number, exactly and for this table only. A horizon of
transaction ids (xmin) would also wait for every other database of the server, and would mean
nothing after a dump was restored into another one.

SQLite: one transaction writes at a time, and what it has not committed has no number yet.
"""

from sqlalchemy import text

from reseller_webhooks.store.db.database import Database, Tx
from reseller_webhooks.store.db.shared_horizon import SettledHorizon


def writers(tx: Tx, table: str) -> frozenset[str]:
    """The transactions that may be about to commit rows of a table with numbers drawn before.

    Rows are to be read by a later statement: its view then holds what those not named here wrote.
    """
    if tx.dialect.name != "postgresql":
        return frozenset()
    return frozenset(tx.connection.execute(_WRITERS, {"table": table}).scalars())


def last_number(tx: Tx, table: str) -> int:
    """The last number that a row of the table was given, committed or not; 0 before the first."""
    return int(tx.connection.execute(text(_last_number(tx, table))).scalar_one())


def settled(database: Database, tx: Tx, table: str) -> SettledHorizon:
    """Up to which number rows that a later statement reads are all that there will ever be.

    An SQLite file shows numbers in sequence; on PostgreSQL it depends on who is writing.
    """
    if tx.dialect.name != "postgresql":
        newest = last_number(tx, table)
        return SettledHorizon(newest, newest)
    return database.horizons[table].advance(lambda: (last_number(tx, table), writers(tx, table)))


def _last_number(tx: Tx, table: str) -> str:
    if tx.dialect.name == "postgresql":
        return (
            "SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END"  # noqa: S608 - our own
            f" FROM {table}_id_seq"
        )
    # Only some tables keep the last number when its row is gone.
    kept = f"SELECT seq FROM sqlite_sequence WHERE name = '{table}'"  # noqa: S608 - our own
    return f"SELECT COALESCE(({kept}), (SELECT max(id) FROM {table}), 0)"  # noqa: S608 - our own


_WRITERS = text(
    "SELECT virtualtransaction FROM pg_locks WHERE locktype = 'relation'"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    " AND relation = CAST(:table AS regclass) AND granted"
    " AND mode = 'RowExclusiveLock'"
)
