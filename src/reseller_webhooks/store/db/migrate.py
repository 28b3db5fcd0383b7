"""Brings a database's tables up to this version of the program, or tells how far behind it is.

Alembic is imported only to upgrade: every start checks the revision, few upgrade.
"""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import column, inspect, select, table
from sqlalchemy.exc import DBAPIError

from reseller_webhooks.core.errors import Cause, Refused
from reseller_webhooks.store.db import concurrent_indexes, privileges
from reseller_webhooks.store.db.database import Database, Tx
from reseller_webhooks.store.db.errors import cause_of, words_of

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).parent.parent / "migrations"
WITHIN_S = 6 * 3600.0
"""For one statement of a migration: an index of billions of rows."""
LOCK_S = 10.0
"""Meanwhile everybody waits behind it who wants the same table."""

log = structlog.get_logger()


def upgrade(database: Database) -> None:
    """Run every migration that has not run yet, in one transaction, then complete indexes.

    Refused without the rights.
    """
    from alembic import command

    config = alembic_config()
    with database.within(WITHIN_S, lock_s=LOCK_S).write() as tx:
        config.attributes["connection"] = tx.connection
        try:
            command.upgrade(config, "head")
        except DBAPIError as error:
            if cause_of(error) is Cause.RIGHTS:
                raise privileges.refusal(words_of(error), privileges.OWNER_REMEDY) from None
            raise
    concurrent_indexes.complete(database.within(WITHIN_S))


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
    """Whether the tables are those of this version or of a later one."""
    wanted, known = _revisions()
    held = _held(tx)
    return held == wanted or (held is not None and held not in known)


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
    """Where Alembic finds the migrations."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


_VERSION = table("alembic_version", column("version_num"))
