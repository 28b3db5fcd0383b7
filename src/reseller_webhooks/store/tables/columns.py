"""Columns that several tables have. Instants are integer microseconds UTC."""

from typing import Any

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, MetaData, text

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite numbers rows by itself only in a column that is exactly INTEGER PRIMARY KEY.
Id = BigInteger().with_variant(Integer, "sqlite")


def numbered() -> Column[int]:
    """The store's own number of a row."""
    return Column("id", Id, primary_key=True, autoincrement=True)


def instant(name: str, *, nullable: bool = False) -> Column[int]:
    """A point in time."""
    return Column(name, BigInteger, nullable=nullable)


def only(condition: str) -> dict[str, Any]:
    """A partial index, in both databases' words."""
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


def of_reseller(*, nullable: bool = False) -> Column[int]:
    """The column of the reseller that owns the row."""
    return Column("reseller_id", Id, ForeignKey("reseller.id"), nullable=nullable)
