"""Brings a database's tables up to this version of the program, or reports how far behind they are.

Alembic is imported only to upgrade: every start checks the revision, few upgrade.
"""

import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import column, inspect, select, table, text

from reseller_webhooks.clock import monotonic_s
from reseller_webhooks.core.errors import Cause, Refused, Unavailable
from reseller_webhooks.store.db import concurrent_indexes, privileges
from reseller_webhooks.store.db.database import Database, Tx

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).parent.parent / "migrations"
WITHIN_S = 6 * 3600.0
"""For one statement of a migration: an index of billions of rows."""
LOCK_S = 3.0
"""Meanwhile everybody waits behind it who wants the same table."""
RETRY_S = 1.0
RETRY_FOR_S = 600.0
"""A migration that loses a deadlock or waits for a lock in vain runs again, for this long."""
MIGRATING = 7_269_002
"""The advisory lock of a process that migrates."""
PASSING = frozenset({Cause.BUSY, Cause.COLLIDED})

log = structlog.get_logger()


def upgrade(database: Database) -> None:
    """Run every migration that has not run yet, each in its own transaction; complete indexes.

    Several processes may do it at once, beside programs that use the store. Refused without the
    rights.
    """
    patient = database.within(WITHIN_S, lock_s=LOCK_S)
    while _retried(patient):
        pass
    concurrent_indexes.complete(database.within(WITHIN_S))


def _retried(database: Database) -> bool:
    """Run the next migration, again when other transactions kept it from ending."""
    until = monotonic_s() + RETRY_FOR_S
    while True:
        try:
            with database.write() as tx:
                return _run_next(tx)
        except Unavailable as error:
            if error.cause is Cause.RIGHTS:
                raise privileges.refusal(error.internal, privileges.OWNER_REMEDY) from None
            if error.cause not in PASSING or monotonic_s() > until:
                raise
            log.warning("a migration will run again", reason=error.internal.strip())
            time.sleep(RETRY_S)


def _run_next(tx: Tx) -> bool:
    """Run the first pending migration. False if none is pending."""
    from alembic import command

    if tx.connection.dialect.name == "postgresql":
        tx.connection.execute(text(f"SELECT pg_advisory_xact_lock({MIGRATING})"))
    revision = _next_revision(_held(tx))
    if revision is None:
        return False
    config = alembic_config()
    config.attributes["connection"] = tx.connection
    command.upgrade(config, revision)
    return True


def _next_revision(held: str | None) -> str | None:
    """The revision that follows; None for the newest, and for one that a later version made."""
    _, known = _revisions()
    if held is not None and held not in known:
        return None
    return min((one for one in known if one > (held or "")), default=None)


def check(database: Database) -> None:
    """Refused unless the tables are those of this version, or of a later one.

    Later ones only add, so that this version may go on beside the next while it is replaced.
    """
    wanted, known = _revisions()
    with database.read() as tx:
        held = _held(tx)
    if held and held not in known:
        log.warning("the database is of a later version", revision=held, ours=wanted)
    elif held != wanted:
        raise Refused(
            f"the database is at revision {held or 'none'} and this version needs {wanted}; "
            "run reseller-webhooks migrate"
        )


def is_current(tx: Tx) -> bool:
    """True if the tables are those of this version or of a later one."""
    return _next_revision(_held(tx)) is None


def _held(tx: Tx) -> str | None:
    if not inspect(tx.connection).has_table(_VERSION.name):
        return None
    return tx.connection.execute(select(_VERSION.c.version_num)).scalar_one_or_none()


@cache
def _revisions() -> tuple[str, frozenset[str]]:
    """The newest revision of this version, and all that it knows: how their files begin."""
    files = (MIGRATIONS / "versions").glob("[0-9]*.py")
    known = frozenset(file.name.partition("_")[0] for file in files)
    return max(known), known


def alembic_config() -> "Config":
    """Alembic's configuration, which names the folder of the migrations."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


_VERSION = table("alembic_version", column("version_num"))
