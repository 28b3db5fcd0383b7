"""Store generations: begun after a restore, by a command or by the process that notices it.

The floor comes first, in a transaction that no other shares. Then records are lifted to it, in
small steps that go on after a kill; a record that changes meanwhile is above it already.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog

from reseller_webhooks.core.records.generations import Generation, raised_floor
from reseller_webhooks.core.sync.digests import Bucket
from reseller_webhooks.store.db import counters, origin
from reseller_webhooks.store.db.database import Database, Tx
from reseller_webhooks.store.records import digests, events, generations
from reseller_webhooks.store.records.records import Versioned
from reseller_webhooks.store.webhooks import backfills

BATCH = 2_000
"""Records lifted in one transaction, so that a change never waits long for one of them."""


log = structlog.get_logger()


class StoreMoved(Exception):
    """The store went back in time while we were at work; versions must not be given as before."""


def current(database: Database) -> Generation:
    """The generation in force."""
    with database.read() as tx:
        return generations.current(tx)


def raise_floor(database: Database, *, above: int = 0) -> Generation:
    """Begin a generation after a restore of the store.

    above: a version that receivers are known to hold. Invalid when it leaves no room.
    """
    with _alone(database) as tx:
        return _raise(tx, above=above)


def notice(database: Database) -> Generation | None:
    """Begin a generation if the store went back in time since the last look; None if not."""
    mark = origin.mark_of(database)
    with database.read() as tx:
        number = generations.current(tx).number
        newest = events.newest(tx) if mark else 0
        went_back, is_noted = _compare(tx, mark, newest)
    if not went_back:
        if mark and origin.read_mark(mark) != newest:
            origin.write_mark(mark, newest)  # before it is noted that there is one
        if not is_noted:
            with database.write() as tx:
                _note_origin(tx, is_marked=mark is not None)
        return None
    return _raise_unless_raised(database, number)


def notice_promotion(database: Database) -> None:
    """As `notice`, in one statement while the store stays where it is.

    For operations that give numbers to rows without a change of a record.
    """
    with database.read() as tx:
        is_moved = generations.is_moved(tx)
    if is_moved:
        notice(database)


def keep_up(database: Database) -> int:
    """Begin a generation if one is due, and lift one batch of records; 0 when all are done."""
    notice(database)
    return lift(database)


def lift(database: Database, *, limit: int = BATCH) -> int:
    """Lift one batch of records to the floor; how many were looked at, 0 when all are done."""
    with database.read() as tx:
        if not generations.is_lifting(tx):
            return 0
    with database.write() as tx:
        state = generations.lifting(tx)
        if state is None:
            return 0
        some = generations.next_records(tx, state, limit=limit)
        _lift(tx, [one for one in some if one.version < state.floor], state.floor)
        generations.note_lifted(tx, some[-1].id if len(some) == limit else state.lift_to)
        return len(some)


def _compare(tx: Tx, mark: Path | None, newest: int) -> tuple[bool, bool]:
    """Compare the store's place with the noted one: whether it went back in time, and whether the
    place is noted.

    newest: the number of the newest event, where the store has a mark.
    """
    noted = generations.origin(tx)
    if mark is None:
        place = origin.place(tx)
        return None not in (noted, place) and noted != place, place in (noted, None)
    number = origin.read_mark(mark)
    is_behind = number is not None and newest < number
    has_lost_mark = noted == origin.MARKED and number is None
    return noted == origin.COPY or is_behind or has_lost_mark, noted == origin.MARKED


def _raise_unless_raised(database: Database, number: int) -> Generation | None:
    """Another process may have noticed the same at the same moment."""
    with _alone(database) as tx:
        if generations.current(tx).number != number:
            return None
        begun = _raise(tx)
    log.warning(
        "the store went back in time; feed the changes since then in again",
        generation=begun.number,
        versions_above=begun.floor,
    )
    return begun


@contextmanager
def _alone(database: Database) -> Iterator[Tx]:
    """A transaction that no other transaction shares; it notes the store's place at its end."""
    mark = origin.mark_of(database)
    with database.write() as tx:
        generations.shut_out_others(tx)
        yield tx
        newest = _note_origin(tx, is_marked=mark is not None)
    if mark:
        origin.write_mark(mark, newest)


def _raise(tx: Tx, *, above: int = 0) -> Generation:
    begun = raised_floor(generations.current(tx), tx.now, above=above)
    generations.write(tx, begun)
    counters.lift(tx)
    backfills.restart(tx)
    return begun


def _note_origin(tx: Tx, *, is_marked: bool) -> int:
    """Note where the store is now; the newest event's number."""
    here = origin.MARKED if is_marked else origin.place(tx)
    if here:
        generations.note_origin(tx, here)
    return events.newest(tx) if is_marked else 0


def _lift(tx: Tx, some: Iterable[Versioned], floor: int) -> None:
    """Each record leaves its bucket of the digest and comes back lifted."""
    keys = digests.keys(some)
    before = digests.non_empty(tx, set(keys.values())).buckets
    after = dict(before)
    for one, key in keys.items():
        bucket = after.get(key, Bucket()).remove(one.uuid, one.version)
        after[key] = bucket.add(one.uuid, floor)
    digests.write(tx, before, after)
    generations.lift(tx, list(keys), floor)
