"""Events in sequence and without gaps, for exports of all events.

First the newest number, then who was writing; when all of those have ended, what lies up to that
number is all that will ever lie there.
"""

from reseller_webhooks.store.db import horizon
from reseller_webhooks.store.db.database import Database
from reseller_webhooks.store.records import events, exports, generations
from reseller_webhooks.store.records.exports import Numbered


def newest(database: Database) -> int:
    """The newest event's number; lower ones may still be missing."""
    with database.read() as tx:
        return events.newest(tx)


def writers(database: Database) -> frozenset[str]:
    """The transactions that may be about to commit events with numbers given before."""
    with database.read() as tx:
        return horizon.writers(tx, "event")


def between(database: Database, after: int, upto: int, *, limit: int) -> list[Numbered]:
    """Events with numbers above `after` and not above `upto`, lowest first."""
    with database.read() as tx:
        return exports.between(tx, after, upto, limit=limit)


def floor(database: Database) -> int:
    """Of the store's generation; another one means that the store went back in time."""
    with database.read() as tx:
        return generations.current(tx).floor


def holds(database: Database, number: int, uuid: str) -> bool:
    """True if the event with this number has this id."""
    with database.read() as tx:
        return exports.holds(tx, number, uuid)
