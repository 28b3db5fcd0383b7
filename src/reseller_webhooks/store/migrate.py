"""Bring a database's tables up to this version of the program, or tell how far behind it is."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from reseller_webhooks.core.errors import Refused
from reseller_webhooks.store.database import Database


def upgrade(database: Database) -> None:
    """Run every migration that has not run yet, in one transaction."""
    config = _config()
    with database.write() as tx:
        config.attributes["connection"] = tx.connection
        command.upgrade(config, "head")


def check(database: Database) -> None:
    """Refused unless the tables are exactly those of this version."""
    wanted = ScriptDirectory.from_config(_config()).get_current_head()
    with database.read() as tx:
        held = MigrationContext.configure(tx.connection).get_current_revision()
    if held != wanted:
        raise Refused(
            f"the database is at revision {held or 'none'} and this version needs {wanted}; "
            "run reseller-webhooks migrate"
        )


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    return config
