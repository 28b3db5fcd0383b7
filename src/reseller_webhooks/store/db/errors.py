"""Causes of database errors, from their codes and types and never from their texts.

Whatever is not a mistake of ours is Unavailable. PostgreSQL's codes stand in appendix A of its
manual, SQLite's in "Result and Error Codes" of its documentation.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import psycopg
from sqlalchemy import exc
from sqlalchemy.exc import DBAPIError, PendingRollbackError

from reseller_webhooks.core.errors import Cause, Unavailable
from reseller_webhooks.core.messages import MessageCode
from reseller_webhooks.core.messages.requests import (
    STORE_AWAY,
    STORE_BUSY,
    STORE_COLLIDED,
    STORE_DAMAGED,
    STORE_DENIES,
    STORE_READ_ONLY,
    STORE_WITHOUT_TABLES,
)

MESSAGES: Mapping[Cause, MessageCode] = {
    Cause.AWAY: STORE_AWAY,
    Cause.READ_ONLY: STORE_READ_ONLY,
    Cause.BUSY: STORE_BUSY,
    Cause.COLLIDED: STORE_COLLIDED,
    Cause.TABLES: STORE_WITHOUT_TABLES,
    Cause.RIGHTS: STORE_DENIES,
    Cause.DAMAGED: STORE_DAMAGED,
}
"""The message for callers by cause."""

BY_STATE: Mapping[str, Cause] = {
    "0A000": Cause.AWAY,  # a plan that the server kept fits a changed table no more
    "23001": Cause.COLLIDED,
    "23503": Cause.COLLIDED,  # foreign key
    "23505": Cause.COLLIDED,  # unique
    "23514": Cause.COLLIDED,  # check, among them that a row has no partition
    "23P01": Cause.COLLIDED,
    "25006": Cause.READ_ONLY,
    "25P03": Cause.BUSY,  # idle in a transaction for too long
    "25P04": Cause.BUSY,
    "26000": Cause.AWAY,  # no such prepared statement: a pooler gave us another session
    "40001": Cause.COLLIDED,  # serialization, or a conflict with recovery
    "40003": Cause.AWAY,  # nobody knows whether it was done
    "40P01": Cause.COLLIDED,  # deadlock
    "42501": Cause.RIGHTS,
    "42703": Cause.TABLES,  # no such column
    "42P01": Cause.TABLES,  # no such table
    "42P05": Cause.AWAY,  # a prepared statement is there already: as 26000
    "53100": Cause.READ_ONLY,  # disk full
    "55P03": Cause.BUSY,  # lock not available
    "57014": Cause.BUSY,  # statement timeout
    "3F000": Cause.TABLES,
    "XX001": Cause.DAMAGED,  # data corrupted
    "XX002": Cause.DAMAGED,  # index corrupted
}
BY_CLASS: Mapping[str, Cause] = {
    "08": Cause.AWAY,  # connection
    "28": Cause.AWAY,  # authorization
    "3D": Cause.AWAY,  # no such database
    "40": Cause.COLLIDED,
    "53": Cause.BUSY,  # resources
    "55": Cause.BUSY,  # not in the state that is needed
    "57": Cause.AWAY,  # shutdown, start, recovery
    "58": Cause.AWAY,  # system
    "72": Cause.BUSY,
    "F0": Cause.AWAY,
    "XX": Cause.AWAY,  # internal
}
MASK = 0xFF
"""The low byte of an SQLite code is its kind."""
BY_SQLITE_CODE: Mapping[int, Cause] = {
    sqlite3.SQLITE_ERROR: Cause.TABLES,  # with our statements: a table or column is missing
    sqlite3.SQLITE_PERM: Cause.READ_ONLY,
    sqlite3.SQLITE_ABORT: Cause.BUSY,
    sqlite3.SQLITE_BUSY: Cause.BUSY,
    sqlite3.SQLITE_LOCKED: Cause.BUSY,
    sqlite3.SQLITE_NOMEM: Cause.BUSY,
    sqlite3.SQLITE_READONLY: Cause.READ_ONLY,
    sqlite3.SQLITE_INTERRUPT: Cause.BUSY,
    sqlite3.SQLITE_IOERR: Cause.AWAY,
    sqlite3.SQLITE_CORRUPT: Cause.DAMAGED,
    sqlite3.SQLITE_FULL: Cause.READ_ONLY,
    sqlite3.SQLITE_CANTOPEN: Cause.AWAY,
    sqlite3.SQLITE_PROTOCOL: Cause.BUSY,
    sqlite3.SQLITE_SCHEMA: Cause.TABLES,
    sqlite3.SQLITE_CONSTRAINT: Cause.COLLIDED,
    sqlite3.SQLITE_NOLFS: Cause.AWAY,
    sqlite3.SQLITE_AUTH: Cause.READ_ONLY,
    sqlite3.SQLITE_NOTADB: Cause.DAMAGED,
}
UNPREPARED = frozenset({"0A000", "26000", "42P05"})
"""The connection's prepared statements are gone, or do not fit the tables any more."""
MISTAKES = frozenset({"23502", sqlite3.SQLITE_CONSTRAINT_NOTNULL})
"""A missing value is our own doing; to try again would not help."""


@contextmanager
def translated() -> Iterator[None]:
    """Raise Unavailable for every error of the store that is not a fault of this program."""
    try:
        yield
    except exc.TimeoutError as error:
        raise unavailable(Cause.BUSY, "every connection is in use") from error
    except PendingRollbackError as error:  # the connection was lost by a statement before
        raise unavailable(Cause.AWAY, words_of(error)) from error
    except (DBAPIError, sqlite3.Error, psycopg.Error) as error:
        cause = cause_of(error)
        if cause is None:
            raise
        raise unavailable(cause, words_of(error)) from error


def unavailable(cause: Cause, internal: str) -> Unavailable:
    """The error for a cause; internal: what the log says of it."""
    return Unavailable(MESSAGES[cause](), internal=internal, cause=cause)


def cause_of(error: BaseException) -> Cause | None:
    """The reason why the store refused; None for a fault of this program."""
    if isinstance(error, DBAPIError):
        if error.connection_invalidated:
            return Cause.AWAY
        error = error.orig or error
    if isinstance(error, psycopg.Error):
        return _postgres_cause(error)
    return _sqlite_cause(error) if isinstance(error, sqlite3.Error) else None


def words_of(error: BaseException) -> str:
    """The first line of what the driver says, for the log."""
    return str(of_driver(error)).strip().split("\n", 1)[0]


def of_driver(error: BaseException | None) -> BaseException | None:
    """The driver's error behind an error of SQLAlchemy."""
    return getattr(error, "orig", None) or error


def _postgres_cause(error: psycopg.Error) -> Cause | None:
    state = error.sqlstate
    if state is None:  # not of the server: the connection, or a value that psycopg cannot take
        is_connection = isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
        return Cause.AWAY if is_connection else None
    return None if state in MISTAKES else BY_STATE.get(state) or BY_CLASS.get(state[:2])


def _sqlite_cause(error: sqlite3.Error) -> Cause | None:
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:  # of the driver: a closed connection is an error of programming there
        return Cause.AWAY if isinstance(error, sqlite3.OperationalError) else None
    return None if code in MISTAKES else BY_SQLITE_CODE.get(code & MASK)
