"""Deliveries: what the engine scans and writes, what people see of them, and repeating them."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from reseller_webhooks.clock import SECOND, Micros
from reseller_webhooks.core.audit import Act
from reseller_webhooks.core.circuit import Circuit
from reseller_webhooks.core.delivery import FIRST, Ask, Delivery, Made, Place, State
from reseller_webhooks.core.errors import Conflict, NotFound
from reseller_webhooks.core.events import Event
from reseller_webhooks.core.notification import Due
from reseller_webhooks.store import audit, events, leases, log, news, webhooks
from reseller_webhooks.store import deliveries as store
from reseller_webhooks.store import scan as scans
from reseller_webhooks.store.audit import Subject
from reseller_webhooks.store.database import Database, Tx
from reseller_webhooks.store.log import AttemptLine, Line
from reseller_webhooks.store.log_query import LogQuery, Position
from reseller_webhooks.store.news import Mark
from reseller_webhooks.store.scan import Rows
from reseller_webhooks.store.tally import Tally, reach, tally

REPLAYS_PER_TRANSACTION = 1_000
BROUGHT = 1_000
BROUGHT_OF_ONE = 32
"""New deliveries that come by themselves, at once and of one webhook; for others it is scanned."""
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
class Entry:
    """A line of the log with the ids that users see."""

    line: Line
    event: str
    webhook: str
    url: str


@dataclass(frozen=True, slots=True)
class Details:
    """All there is to see of one delivery. event is None once its retention is over.

    previous: the event before it of the same resource, if it is kept.
    """

    entry: Entry
    event: Event | None
    attempts: list[AttemptLine]
    previous: Event | None = None


@dataclass(frozen=True, slots=True)
class Arrived:
    """What is new. upto: all up to this number; more: there are higher ones already.

    told: webhooks that have more than what is due and comes along.
    """

    upto: int
    due: list[Due]
    told: list[int]
    more: bool


def scan(database: Database, asks: Sequence[Ask]) -> list[Found]:
    """For each ask, the deliveries that are due first, with their notifications."""
    with database.read() as tx:
        found = _scan(tx, asks)
        bodies = events.bodies(tx, list({one.event_id for rows in found for one in rows.due}))
        return [Found(_due(rows.due, bodies), _again_s(rows, tx.now), rows.upto) for rows in found]


def numbers(database: Database, late: Micros) -> tuple[int, int]:
    """Up to which number none can appear any more, and the highest number, of the unfinished.

    late: how much later than its beginning a transaction may commit.
    """
    with database.read() as tx:
        # Who draws a number now began no longer ago than that, and so did who drew a lower one.
        return store.settled(tx, tx.now - 2 * late), store.newest(tx)


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


def waiting(database: Database) -> dict[int, float]:
    """For each webhook that has unfinished deliveries, seconds until the first is due."""
    with database.read() as tx:
        return {
            webhook_id: max(0.0, (due - tx.now) / SECOND)
            for webhook_id, due in store.waiting(tx).items()
        }


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
        store.finish(tx, true)
        for webhook_id, circuit in circuits.items():
            webhooks.note_circuit(tx, webhook_id, circuit, owner=owner)
        return len(made) - len(true)


def tallies(database: Database, queries: Sequence[LogQuery]) -> list[Tally]:
    """How many lines each query finds, as far as anybody counts."""
    with database.read() as tx:
        return [tally(tx, query) for query in queries]


def page(database: Database, query: LogQuery) -> list[Entry]:
    """One page of the log, newest first."""
    with database.read() as tx:
        return _entries(tx, log.page(tx, query))


def search(database: Database, query: LogQuery) -> tuple[list[Entry], Position | None]:
    """As `page`, but looking no further back than is cheap; and where to go on, if anywhere."""
    with database.read() as tx:
        end = reach(tx, query)
        return _entries(tx, log.page(tx, replace(query, down_to=end))), end


def get(database: Database, delivery_id: int, *, reseller_id: int) -> Details:
    """One delivery with its payload and attempts."""
    with database.read() as tx:
        line = log.line(tx, delivery_id, reseller_id=reseller_id)
        if line is None:
            raise NotFound("delivery", str(delivery_id))
        entry = _entries(tx, [line])[0]
        event = events.by_uuid(tx, entry.event, reseller_id=reseller_id) if entry.event else None
        return Details(entry, event, log.attempts(tx, delivery_id), _previous(tx, event))


def retry(database: Database, delivery_id: int, *, reseller_id: int) -> int:
    """A new delivery of the same event to the same webhook; its number.

    Conflict while that is under way already, or when its webhook or event is gone.
    """
    with database.write() as tx:
        line = log.line(tx, delivery_id, reseller_id=reseller_id)
        if line is None:
            raise NotFound("delivery", str(delivery_id))
        if line.state is State.PENDING:
            raise Conflict("this delivery is still pending and is tried again by itself")
        made = store.replay(tx, [delivery_id])
        if not made:
            raise Conflict(
                "it cannot be repeated: it is being sent again already, its webhook was deleted, "
                "or its event is too old"
            )
        subject = Subject(*webhooks.names(tx, {line.webhook_id})[line.webhook_id], reseller_id)
        audit.write(tx, Act.WEBHOOK_DELIVERY_RETRIED, subject)
        return made[0]


def retry_failed(database: Database, query: LogQuery) -> tuple[int, tuple[Micros, int] | None]:
    """Repeat a batch of failed deliveries; how many, and where the next batch begins if any.

    Each event goes to each webhook once, however often it has failed or is asked for.
    """
    with database.write() as tx:
        lines = log.page(tx, query)
        made = store.replay(tx, [line.delivery_id for line in lines], only_newest=True)
    last = lines[-1] if len(lines) == query.limit else None
    return len(made), (last.created_at, last.delivery_id) if last else None


def since(
    database: Database, after: int, *, reseller_id: int, limit: int = 100
) -> tuple[int, list[Entry]]:
    """What the log shows anew behind attempt number `after`, and the number to go on from."""
    with database.read() as tx:
        position, touched = log.touched_since(tx, after, reseller_id=reseller_id, limit=limit)
        lines = [log.line(tx, one, reseller_id=reseller_id) for one in touched]
        return position, _entries(tx, [line for line in lines if line])


def mark(database: Database) -> Mark:
    """How far the log goes now."""
    with database.read() as tx:
        return news.newest(tx)


def news_since(
    database: Database, since: Mark, *, reseller_id: int, limit: int
) -> tuple[Mark, list[Line]]:
    """Lines that are new or have changed, at most `limit`; and how far the log goes now."""
    with database.read() as tx:
        upto = news.newest(tx)
        if upto.attempt <= since.attempt and upto.delivery <= since.delivery:
            return since, []
        upto = Mark(max(upto.attempt, since.attempt), max(upto.delivery, since.delivery))
        touched = news.touched(tx, since, upto, reseller_id=reseller_id, limit=limit)
        return upto, log.lines(tx, touched, reseller_id=reseller_id)


def newest_attempt(database: Database) -> int:
    """Where a live view begins."""
    with database.read() as tx:
        return log.newest(tx)


def _previous(tx: Tx, event: Event | None) -> Event | None:
    if event is None:
        return None
    before = events.of_resource(
        tx,
        event.resource,
        event.resource_uuid,
        reseller_id=event.reseller_id,
        before=event.version,
        limit=1,
    )
    return before[0] if before else None


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
    return Arrived(upto, _due(due, events.bodies(tx, [one.event_id for one in due])), [*told], more)


def _scan(tx: Tx, asks: Sequence[Ask]) -> list[Rows]:
    found: dict[int, Rows] = {}
    for ordered in (False, True):
        some = [ask for ask in asks if ask.ordered is ordered]
        rows = scans.scan(tx, some, ordered=ordered)
        found |= {ask.webhook_id: its for ask, its in zip(some, rows, strict=True)}
    return [found[ask.webhook_id] for ask in asks]


def _due(found: Sequence[Delivery], bodies: dict[int, tuple[str, bytes]]) -> list[Due]:
    return [Due(one, *bodies[one.event_id]) for one in found]


def _again_s(rows: Rows, now: Micros) -> float | None:
    if rows.later is not None:
        return (rows.later - now) / SECOND
    return 0.0 if rows.full else None


def _entries(tx: Tx, lines: Sequence[Line]) -> list[Entry]:
    uuids = log.event_uuids(tx, [line.event_id for line in lines])
    names = webhooks.names(tx, {line.webhook_id for line in lines})
    return [
        Entry(line, uuids.get(line.event_id, ""), *names.get(line.webhook_id, ("", "")))
        for line in lines
    ]
