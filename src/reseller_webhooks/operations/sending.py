"""What the engine asks of deliveries: which are due and which are new; and its results."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from reseller_webhooks.clock import SECOND, Micros
from reseller_webhooks.core.circuit import Circuit
from reseller_webhooks.core.delivery import FIRST, Ask, Delivery, Made, Place
from reseller_webhooks.core.horizon import Horizon
from reseller_webhooks.core.notification import Due
from reseller_webhooks.store import (
    clock_steps,
    events,
    giving_up,
    leases,
    maintenance_clock,
    results,
    webhooks,
)
from reseller_webhooks.store import deliveries as store
from reseller_webhooks.store import horizon as horizons
from reseller_webhooks.store import scan as scans
from reseller_webhooks.store.database import Database, Tx
from reseller_webhooks.store.scan import Rows

BROUGHT = 1_000
BROUGHT_OF_ONE = 32
"""New deliveries that come by themselves, at once and of one webhook; for others it is scanned."""
WAITING_S = 30.0
"""For the statement that looks over all that is unfinished, once a minute."""
NAMED = 10_000
"""Deliveries that are named at once."""
PULLED = 1_000
"""Deliveries that one transaction pulls back."""
GIVEN_UP = 1_000
"""Deliveries given up in one transaction, so that nobody waits long for the writer."""
FEW = 8
"""When there are more than this for each webhook, a scan for them costs less."""


@dataclass(frozen=True, slots=True)
class Found:
    """What is due now, and in how many seconds to look again: None for not until told.

    upto: the next scan may begin behind this, unless something has changed.
    """

    due: list[Due]
    again_s: float | None
    upto: Place = FIRST

    @property
    def more(self) -> bool:
        """Whether more may be due already."""
        return self.again_s == 0


@dataclass(frozen=True, slots=True)
class Arrived:
    """What is new. upto: all up to this number; more: there are higher ones already.

    told: webhooks that have more than what is due and comes along.
    """

    upto: int
    due: list[Due]
    told: list[int]
    more: bool


@dataclass(frozen=True, slots=True)
class Late:
    """Webhook and number of what is due and may have been committed late.

    above: the number above which that may be; 0 when any number may. upto: all up to this number
    are named; more: there are others. horizon: as it is after this look.
    """

    due: list[tuple[int, int]]
    above: int
    upto: int
    more: bool
    horizon: Horizon


def scan(database: Database, asks: Sequence[Ask]) -> list[Found]:
    """For each ask, the deliveries that are due first, with their notifications."""
    with database.read() as tx:
        found = _scan(tx, asks)
        bodies = events.bodies(tx, list({one.event_id for rows in found for one in rows.due}))
        return [Found(_due(rows.due, bodies), _again_s(rows, tx.now), rows.upto) for rows in found]


def last_delivery(database: Database) -> int:
    """The last number that a delivery was given, 0 when there was none."""
    with database.read() as tx:
        return horizons.last_number(tx, "delivery")


def arrivals(
    database: Database, since: int, *, parts: Collection[int], bring: bool = True
) -> Arrived:
    """Deliveries numbered above `since`, those of other partitions left out.

    bring: themselves, where they are few of each webhook; what is many is better scanned for.
    """
    with database.read() as tx:
        some = store.above(tx, since, limit=BROUGHT) if bring and parts else []
        is_full = len(some) == BROUGHT
        if bring and parts and not (is_full and _are_many_of_few(some)):
            upto = some[-1][1].id if some else since
            mine = [one for part, one in some if part in parts]
            return _brought(tx, mine, upto, more=is_full)
        upto, told = store.arrivals(tx, since)
        return Arrived(upto, [], told, more=False)


def late(database: Database, horizon: Horizon, newest: int) -> Late:
    """Due deliveries up to number `newest` that may have become visible since a horizon."""
    with database.read() as tx:
        following, above = horizon.advanced(newest, horizons.writers(tx, "delivery"))
        # From above 0 on everything would be named: then a look at each webhook costs less.
        due = store.due(tx, above, newest, limit=NAMED) if 0 < above < newest else []
        is_full = len(due) == NAMED
        return Late(due, above, due[-1][1] if is_full else newest, is_full, following)


def waiting(database: Database) -> dict[int, float]:
    """For each webhook that has unfinished deliveries, seconds until the first is due."""
    with database.within(WAITING_S).read() as tx:
        return {
            webhook_id: max(0.0, (due - tx.now) / SECOND)
            for webhook_id, due in store.waiting(tx).items()
        }


def pull_back(database: Database, parts: Collection[int]) -> set[int]:
    """Let no delivery of some partitions wait longer than its own wait; whose that changed.

    There are some only after the store's clock was stepped back.
    """
    with database.read() as tx:
        if not parts or not clock_steps.are_any(tx):
            return set()
    found: set[int] = set()
    while True:
        with database.write() as tx:
            some = clock_steps.pull_back(tx, parts, limit=PULLED)
        found.update(some)
        if len(some) < PULLED:
            return found


def finish(
    database: Database,
    made: Sequence[Made],
    circuits: Mapping[int, Circuit],
    *,
    owner: str | None = None,
) -> int:
    """Write what attempts have come to, and circuits (by webhook) as they are now.

    owner: the worker that writes; what its leases do not cover any more is left out, and
    counted in the answer. None where nobody else writes.
    """
    with database.write() as tx:
        true = made if owner is None else _still_owned(tx, made, owner)
        results.finish(tx, true)
        for webhook_id, circuit in circuits.items():
            webhooks.note_circuit(tx, webhook_id, circuit, owner=owner)
        return len(made) - len(true)


def give_up(
    database: Database,
    webhook_id: int,
    lease: tuple[int, int],
    before: Micros,
    *,
    owner: str | None = None,
) -> int:
    """Close one batch of what a webhook's dead receiver has left undone; how many.

    lease: partition and epoch under which the caller sends for the webhook; owner: see `finish`.
    """
    part, epoch = lease
    with database.write() as tx:
        if owner is not None and leases.epochs(tx, owner, {part}).get(part) != epoch:
            return 0
        if maintenance_clock.is_held(tx):  # the clock jumped: perhaps nothing is that old
            return 0
        return giving_up.on_dead_receiver(tx, webhook_id, before=before, limit=GIVEN_UP)


def _still_owned(tx: Tx, made: Sequence[Made], owner: str) -> list[Made]:
    # Not whether the lease has lapsed: one that nobody took is still ours, and the result is true.
    epochs = leases.epochs(tx, owner, {one.part for one in made})
    return [one for one in made if epochs.get(one.part) == one.epoch]


def _are_many_of_few(some: Sequence[tuple[int, Delivery]]) -> bool:
    return len({one.webhook_id for _, one in some}) * FEW < len(some)


def _brought(tx: Tx, some: Sequence[Delivery], upto: int, *, more: bool) -> Arrived:
    due: list[Delivery] = []
    told: set[int] = set()
    count = Counter[int]()
    for one in some:
        count[one.webhook_id] += 1
        if one.next_at <= tx.now and count[one.webhook_id] <= BROUGHT_OF_ONE:
            due.append(one)
        else:
            told.add(one.webhook_id)
    bodies = events.bodies(tx, list({one.event_id for one in due}))
    return Arrived(upto, _due(due, bodies), [*told], more)


def _scan(tx: Tx, asks: Sequence[Ask]) -> list[Rows]:
    found: dict[int, Rows] = {}
    for heads_only in (False, True):
        some = [ask for ask in asks if ask.heads_only is heads_only]
        rows = scans.scan(tx, some, heads_only=heads_only)
        found |= {ask.webhook_id: its for ask, its in zip(some, rows, strict=True)}
    return [found[ask.webhook_id] for ask in asks]


def _due(found: Sequence[Delivery], bodies: dict[int, tuple[str, bytes]]) -> list[Due]:
    return [Due(one, *bodies[one.event_id]) for one in found]


def _again_s(rows: Rows, now: Micros) -> float | None:
    if rows.later is not None:
        return (rows.later - now) / SECOND
    return 0.0 if rows.full else None
