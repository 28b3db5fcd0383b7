"""Adds a row unless it exists, for rows that several transactions may add at the same time."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite

from reseller_webhooks.store.db.database import Tx


def add(
    tx: Tx, table: Table, row: Mapping[str, object], *, key: Sequence[str] | None = None
) -> bool:
    """Insert a row unless a row with the same values in `key` exists; None: in any unique key.

    A row that another transaction is just adding is waited for. Returns whether it was inserted.
    """
    dialect = postgresql if tx.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(table).values(**row)
    statement = statement.on_conflict_do_nothing(index_elements=key)
    # Without this option SQLAlchemy counts no rows of an INSERT on PostgreSQL.
    counted = statement.execution_options(preserve_rowcount=True)
    return tx.connection.execute(counted).rowcount > 0
