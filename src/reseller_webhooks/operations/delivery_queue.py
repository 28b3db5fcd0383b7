"""The engine's view of deliveries: scans for due and new deliveries, and results."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from itertools import chain, zip_longest

from reseller_webhooks.clock import SECOND, Micros
from reseller_webhooks.core.access.audit import Act
from reseller_webhooks.core.deliveries.circuits import Circuit
from reseller_webhooks.core.deliveries.delivery import (
    AttemptResult,
    Delivery,
    ScanRequest,
)
from reseller_webhooks.core.deliveries.notification import DueDelivery
from reseller_webhooks.core.sync.due import DueIds, NewDeliveries, ScanResult
from reseller_webhooks.core.sync.horizon import Horizon
from reseller_webhooks.core.webhooks.webhook import PauseReason
from reseller_webhooks.operations.audit import webhook_subject
from reseller_webhooks.store.access import audit
from reseller_webhooks.store.cluster import leases, maintenance_clock
from reseller_webhooks.store.db.database import Database, Tx
from reseller_webhooks.store.db.horizon import last_number, writers
from reseller_webhooks.store.deliveries import clock_steps, deliveries, due_scan, giving_up, results
from reseller_webhooks.store.deliveries.due_scan import DueRows
from reseller_webhooks.store.records import events
from reseller_webhooks.store.webhooks import circuit_states

INCLUDED_MAX = 1_000
INCLUDED_BY_WEBHOOK_MAX = 32
"""New deliveries that come by themselves, at once and of one webhook; for others it is scanned."""
WAITING_S = 30.0
"""For the statement that looks over all that is unfinished, once a minute."""
NAMED = 10_000
"""Deliveries that are named at once."""
PULLED = 1_000
"""Deliveries that one transaction pulls back."""
GIVEN_UP = 1_000
"""Deliveries given up in one transaction, so that other writers wait only briefly."""
FEW = 8
"""With more new deliveries than this for each webhook, a scan costs less than reading them by
id."""


def scan(database: Database, asks: Sequence[ScanRequest]) -> list[ScanResult]:
    """For each ask, the deliveries that are due first, with their notifications."""
    with database.read() as tx:
        found = _scan(tx, asks)
        bodies = events.bodies(tx, _event_ids(found))
        fitting = [rows.with_events(ask, bodies) for ask, rows in zip(asks, found, strict=True)]
        return [
            ScanResult(_due(rows.due, bodies), _again_s(rows, tx.now), rows.upto)
            for rows in fitting
        ]


def last_delivery(database: Database) -> int:
    """The last number that a delivery was given, 0 when there was none."""
    with database.read() as tx:
        return last_number(tx, "delivery")


def new_deliveries(
    database: Database, since: int, *, parts: Collection[int], include_due: bool = True
) -> NewDeliveries:
    """Deliveries numbered above `since`, those of other partitions left out.

    include_due: themselves, where they are few of each webhook; what is many is better scanned for.
    """
    with database.read() as tx:
        some = deliveries.above(tx, since, limit=INCLUDED_MAX) if include_due and parts else []
        is_full = len(some) == INCLUDED_MAX
        if include_due and parts and not (is_full and _are_many_of_few(some)):
            upto = some[-1][1].id if some else since
            mine = [one for part, one in some if part in parts]
            return _with_notifications(tx, mine, upto, more=is_full)
        upto, told = deliveries.newest_by_webhook(tx, since)
        return NewDeliveries(upto, [], told, more=False)


def due_late_commits(database: Database, horizon: Horizon, newest: int) -> DueIds:
    """Due deliveries up to number `newest` that may have become visible since a horizon."""
    with database.read() as tx:
        following, above = horizon.advanced(newest, writers(tx, "delivery"))
        # From above 0 on everything would be named: then a look at each webhook costs less.
        due = deliveries.due(tx, above, newest, limit=NAMED) if 0 < above < newest else []
        is_full = len(due) == NAMED
        return DueIds(due, above, due[-1][1] if is_full else newest, is_full, following)


def first_due_s(database: Database) -> dict[int, float]:
    """For each webhook that has unfinished deliveries, seconds until the first is due."""
    with database.within(WAITING_S).read() as tx:
        return {
            webhook_id: max(0.0, (due - tx.now) / SECOND)
            for webhook_id, due in deliveries.first_due(tx).items()
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


def write_results(
    database: Database,
    made: Sequence[AttemptResult],
    circuits: Mapping[int, Circuit],
    *,
    owner: str | None = None,
) -> int:
    """Write results of attempts, and the new circuits by webhook.

    owner: the worker that writes; what its leases do not cover any more is left out, and
    counted in the answer. None where nobody else writes.
    """
    true = made
    while True:
        try:
            _write_results(database, true, circuits, owner)
        except NotOwned as error:
            true = error.owned
        else:
            return len(made) - len(true)


class NotOwned(Exception):
    """Some results are of a worker whose lease another one has now. owned: the others."""

    def __init__(self, owned: Sequence[AttemptResult]) -> None:
        super().__init__()
        self.owned = owned


def _write_results(
    database: Database,
    made: Sequence[AttemptResult],
    circuits: Mapping[int, Circuit],
    owner: str | None,
) -> None:
    with database.write() as tx:
        # Not whether the lease has lapsed: one that nobody took is still ours, and the result true.
        parts = {one.part for one in made} if owner is not None else set[int]()
        epochs = leases.ask_epochs(tx, owner or "", parts)

        def check() -> None:
            held = epochs()
            owned = [one for one in made if held.get(one.part) == one.epoch]
            if owner is not None and len(owned) < len(made):
                raise NotOwned(owned)

        results.finish(tx, made, check)
        for webhook_id, circuit in circuits.items():
            circuit_states.note_circuit(tx, webhook_id, circuit, owner=owner)
        for webhook_id in sorted(key for key, circuit in circuits.items() if circuit.is_gone):
            _pause_gone(tx, webhook_id, owner)


def _pause_gone(tx: Tx, webhook_id: int, owner: str | None) -> None:
    """Pause a webhook whose receiver answered 410."""
    row = circuit_states.pause_gone(tx, webhook_id, owner=owner)
    if row is not None:
        reason = {"pause_reason": PauseReason.GONE.value}
        audit.write(tx, Act.WEBHOOK_PAUSED, webhook_subject(row), reason)


def give_up(
    database: Database,
    webhook_id: int,
    lease: tuple[int, int],
    before: Micros,
    *,
    owner: str | None = None,
) -> int:
    """Close one batch of what a webhook's dead receiver has left undone; how many.

    lease: partition and epoch under which the caller sends for the webhook.
    owner: see `write_results`.
    """
    part, epoch = lease
    with database.write() as tx:
        if owner is not None and leases.epochs(tx, owner, {part}).get(part) != epoch:
            return 0
        if maintenance_clock.is_held(tx):  # the clock jumped: perhaps nothing is that old
            return 0
        return giving_up.on_dead_receiver(tx, webhook_id, before=before, limit=GIVEN_UP)


def _are_many_of_few(some: Sequence[tuple[int, Delivery]]) -> bool:
    return len({one.webhook_id for _, one in some}) * FEW < len(some)


def _with_notifications(
    tx: Tx, some: Sequence[Delivery], upto: int, *, more: bool
) -> NewDeliveries:
    due: list[Delivery] = []
    told: set[int] = set()
    count = Counter[int]()
    for one in some:
        count[one.webhook_id] += 1
        if one.next_at <= tx.now and count[one.webhook_id] <= INCLUDED_BY_WEBHOOK_MAX:
            due.append(one)
        else:
            told.add(one.webhook_id)
    bodies = events.bodies(tx, list(dict.fromkeys(one.event_id for one in due)))
    told |= {one.webhook_id for one in due if one.event_id not in bodies}
    fitting = [one for one in due if one.event_id in bodies]
    return NewDeliveries(upto, _due(fitting, bodies), [*told], more)


def _event_ids(found: Sequence[DueRows]) -> list[int]:
    """The events of due deliveries: first those of each webhook's first delivery, and so on."""
    in_turns = zip_longest(*(rows.due for rows in found))
    return list(dict.fromkeys(one.event_id for one in chain.from_iterable(in_turns) if one))


def _scan(tx: Tx, asks: Sequence[ScanRequest]) -> list[DueRows]:
    found: dict[int, DueRows] = {}
    for heads_only in (False, True):
        some = [ask for ask in asks if ask.heads_only is heads_only]
        rows = due_scan.scan(tx, some, heads_only=heads_only)
        found |= {ask.webhook_id: its for ask, its in zip(some, rows, strict=True)}
    return [found[ask.webhook_id] for ask in asks]


def _due(found: Sequence[Delivery], bodies: dict[int, tuple[str, bytes]]) -> list[DueDelivery]:
    return [DueDelivery(one, *bodies[one.event_id]) for one in found]


def _again_s(rows: DueRows, now: Micros) -> float | None:
    if rows.later is not None:
        return (rows.later - now) / SECOND
    return 0.0 if rows.full else None
