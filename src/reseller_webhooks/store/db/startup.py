"""The store at start: a server that is not there yet is waited for, a bad disk is refused."""

import sqlite3
import time
from collections.abc import Callable
from itertools import count

import structlog

from reseller_webhooks.clock import monotonic_s
from reseller_webhooks.core.errors import Cause, Refused, Unavailable
from reseller_webhooks.store.db import damage, errors, privileges
from reseller_webhooks.store.db.database import Database

WAIT_S = 60.0
"""Then a supervisor may start the process again."""
RETRY_S = 3.0
PASSING = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
"""Another process has the file just now."""
REJECTIONS = 3
"""A server that is short of connections rejects them too, but not for long."""
LOGIN_REMEDY = "set the right user, password and name of the database in RESELLER_WEBHOOKS_DATABASE"
FULL = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}

log = structlog.get_logger()


def wait_for(
    database: Database,
    prepare: Callable[[], None],
    *,
    wait_s: float = WAIT_S,
    retry_s: float = RETRY_S,
) -> None:
    """Run `prepare` once the store takes it. Refused for a disk that is full or read-only, for a
    role without rights and for a wrong password; Unavailable when a server does not answer for
    `wait_s`.
    """
    until = monotonic_s() + wait_s
    for attempt in count(1):
        try:
            prepare()
        except Unavailable as error:
            refusal = refusal_of(database.url, error)
            if refusal and (attempt >= REJECTIONS or not _is_rejection(error)):
                raise refusal from None
            if monotonic_s() > until:
                raise
            log.warning("waiting for the store", reason=str(error))
            time.sleep(retry_s)
        else:
            return


def refusal_of(url: str, error: Unavailable) -> Refused | None:
    """The refusal to start because of an SQLite file or a role; None when waiting may help."""
    if error.cause is Cause.RIGHTS:
        return privileges.refusal(error.internal)
    if _is_rejection(error):
        return Refused(f"the database rejects the connection: {error.internal}; {LOGIN_REMEDY}")
    file = Database.file_of(url)
    original = errors.of_driver(error.__cause__)
    code = getattr(original, "sqlite_errorcode", None)
    if file is None or code is None or code & 0xFF in PASSING:
        return None
    remedy = (
        damage.REMEDY
        if error.cause is Cause.DAMAGED
        else "free space on its disk"
        if code & 0xFF in FULL
        else "let this user write to the file and its folder, "
        "or name another in RESELLER_WEBHOOKS_DATABASE"
    )
    return Refused(f"the database {file} cannot be used: {original}; {remedy}")


def _is_rejection(error: Unavailable) -> bool:
    """True if a server asked for a password and then closed the connection.

    libpq does not pass on the SQLSTATE of a connection that fails; that a password was asked for
    is all it says apart from its text.
    """
    pgconn = getattr(errors.of_driver(error.__cause__), "pgconn", None)
    return pgconn is not None and (pgconn.needs_password or pgconn.used_password)
