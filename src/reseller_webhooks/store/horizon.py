"""Which transactions are writing a table, for readers that must not miss a delayed commit.

PostgreSQL: whoever writes a table holds a lock on it from before it draws a number until its
changes are visible, prepared transactions too, and whichever version of the program it is. So the
locks tell who may still bring a lower number, exactly and for this table only. A horizon of
transaction ids (xmin) would also wait for every other database of the server, and would mean
nothing after a dump was restored into another one.

SQLite: one transaction writes at a time, and what it has not committed has no number yet.
"""

from sqlalchemy import text

from reseller_webhooks.store.database import Tx


def writers(tx: Tx, table: str) -> frozenset[str]:
    """The transactions that may be about to commit rows of a table with numbers drawn before.

    Rows are to be read by a later statement: its view then holds what those not named here wrote.
    """
    if tx.connection.dialect.name != "postgresql":
        return frozenset()
    return frozenset(tx.connection.execute(_WRITERS, {"table": table}).scalars())


def last_number(tx: Tx, table: str) -> int:
    """The last number that a row of the table was given, committed or not; 0 before the first."""
    if tx.connection.dialect.name == "postgresql":
        last = f"SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {table}_id_seq"  # noqa: S608 - our own
        return int(tx.connection.execute(text(last)).scalar_one())
    last = "SELECT max(seq) FROM sqlite_sequence WHERE name = :table"
    return int(tx.connection.execute(text(last), {"table": table}).scalar() or 0)


_WRITERS = text(
    "SELECT virtualtransaction FROM pg_locks WHERE locktype = 'relation'"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    " AND relation = CAST(:table AS regclass) AND granted"
    " AND mode = 'RowExclusiveLock'"
)
