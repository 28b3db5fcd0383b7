"""Damages an SQLite file."""

from reseller_webhooks.store.db.database import Database


def overwrite(database: Database, table: str, *, at: int = 0, count: int = 512) -> None:
    """Overwrite the first page of a table, as a bad disk does; the header stays whole."""
    with database.write() as tx:
        query = f"SELECT rootpage FROM sqlite_master WHERE name = '{table}'"
        page = tx.connection.exec_driver_sql(query).scalar_one()
        size = tx.connection.exec_driver_sql("PRAGMA page_size").scalar_one()
    database.close()
    file = Database.file_of(database.url)
    assert file
    with file.open("r+b") as opened:
        opened.seek((page - 1) * size + at)
        opened.write(b"\xa5" * count)
