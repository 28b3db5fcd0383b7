"""Hints go from one process to another, on both databases; they end when they are told to."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import text

from reseller_webhooks.store.db.database import Database
from reseller_webhooks.store.db.notify import Notifications
from tests.store.factories import event, reseller, told, webhook

WAIT_S = 20.0
CUT_THE_OTHERS = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE pid <> pg_backend_pid() AND datname = current_database()"
)


@contextmanager
def listening(database: Database) -> Iterator[threading.Event]:
    """Set whenever a hint was heard."""
    heard = threading.Event()
    hints = Notifications(database.url, heard.set)
    hints.start(listens=True)
    try:
        yield heard
    finally:
        hints.stop()


def tell(database: Database, heard: threading.Event) -> bool:
    """Make deliveries and hint at them, until it was heard: who just began may miss the first."""
    with database.write() as tx:
        owner = reseller(tx)
        webhook(tx, reseller_id=owner)
    hints = Notifications(database.url, lambda: None)
    hints.start(listens=False)
    try:
        for _ in range(int(WAIT_S / 0.2)):
            with database.write() as tx:
                told(tx, event(reseller_id=owner))
            hints.give()
            if heard.wait(0.2):
                return True
        return False
    finally:
        hints.stop()


def test_another_process_hears_that_deliveries_were_made(database: Database) -> None:
    with listening(database) as heard:
        assert tell(database, heard)


def test_who_lost_its_connection_hears_again(database: Database) -> None:
    with listening(database) as heard:
        assert tell(database, heard)
        if not database.url.startswith("sqlite"):
            with database.write() as tx:
                tx.connection.execute(CUT_THE_OTHERS)
        heard.clear()

        assert tell(database, heard)
