"""The command `migrate`: it reports while it waits for the database."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import TextIO

from reseller_webhooks.clock import monotonic_s
from reseller_webhooks.store.db import migrate
from reseller_webhooks.store.db.database import Database

REPORT_EVERY_S = 30.0


def run(
    database: Database, *, every_s: float = REPORT_EVERY_S, output: TextIO | None = None
) -> None:
    """Bring the tables up to this version; a line each `every_s` while the database works."""
    with _reports(every_s, output or sys.stderr):
        migrate.upgrade(database)


@contextmanager
def _reports(every_s: float, output: TextIO) -> Iterator[None]:
    ended = Event()
    reporter = Thread(target=_report, args=(ended, every_s, output), name="report", daemon=True)
    reporter.start()
    try:
        yield
    finally:
        ended.set()
        reporter.join()


def _report(ended: Event, every_s: float, output: TextIO) -> None:
    started_s = monotonic_s()
    while not ended.wait(every_s):
        waited_s = round(monotonic_s() - started_s)
        print(
            f"still waiting for the database after {waited_s} s; a migration of large tables "
            "takes long, and Ctrl+C leaves the tables as they were",
            file=output,
            flush=True,
        )
