"""The database of a command. The store is imported late, so that --help is quick."""

from typing import TYPE_CHECKING

from reseller_webhooks import settings
from reseller_webhooks.core.access.audit import COMMAND

if TYPE_CHECKING:
    from reseller_webhooks.store.db.database import Database


def command_database(*, reads_only: bool = False, upgrades: bool = False) -> "Database":
    """The database of the settings, with the command line as the actor in the audit log.

    upgrades: bring its tables up to this version first. Otherwise Refused when they are older.
    """
    from reseller_webhooks.store.db import migrate
    from reseller_webhooks.store.db.database import Database

    database = Database(settings.load().database, reads_only=reads_only)
    if upgrades:
        migrate.upgrade(database)
    else:
        migrate.check(database)
    return database.acting(COMMAND)
