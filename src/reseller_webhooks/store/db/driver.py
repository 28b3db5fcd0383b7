"""Statements of a transaction on the driver's connection, past SQLAlchemy's work on each.

SQLAlchemy writes a statement once; from then on its text goes straight to the driver. Its own
execution takes several times as long as the driver's.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from sqlalchemy import Connection
from sqlalchemy.engine import Dialect

from reseller_webhooks.clock import Micros

Row = Sequence[Any]
Values = Mapping[str, Any] | Sequence[Any]
"""Parameters as the driver takes them: by name on PostgreSQL, by position on SQLite."""


class Answer(Protocol):
    """The answer to a statement. Reading it waits until the statement has run."""

    def rows(self) -> list[Row]:
        """The rows."""

    def count(self) -> int:
        """The number of rows written or found."""


class Driver(Protocol):
    """One transaction on one connection."""

    dialect: Dialect

    @property
    def now(self) -> Micros:
        """The transaction's time."""

    @property
    def connection(self) -> Connection:
        """SQLAlchemy's connection, on which everything sent before has run."""

    def send(self, text: str, values: Values) -> Answer:
        """Run a statement; on PostgreSQL when an answer is next waited for, or at the commit.

        So statements that need no answer share a round trip with those that do.
        """

    def last_row(self, text: str, values: Values) -> int:
        """Run an insert; the number of its last row. SQLite only."""

    def flush(self) -> None:
        """Run every statement that was sent."""

    def commit(self) -> None:
        """End the transaction."""

    def rollback(self) -> None:
        """Undo the transaction; never raises."""

    def close(self) -> None:
        """Give the connection back."""
