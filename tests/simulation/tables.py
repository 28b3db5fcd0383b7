"""The simulated store's rows and transactions. One transaction happens at a time, all at once.

It keeps what the engine promises upon: what store/ and operations/ do in SQL, in as few words as
can be. What each statement does there is tested on real databases; here it only has to be true.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from reseller_webhooks.clock import SECOND, Micros
from reseller_webhooks.core.deliveries import circuits
from reseller_webhooks.core.deliveries.circuits import Circuit
from reseller_webhooks.core.deliveries.delivery import (
    FIRST,
    AttemptResult,
    Delivery,
    ScanRequest,
    State,
)
from reseller_webhooks.core.deliveries.leases import Grant, LeaseSnapshot
from reseller_webhooks.core.deliveries.notification import DueDelivery
from reseller_webhooks.core.deliveries.partitions import assigned_to
from reseller_webhooks.core.rules import implements
from reseller_webhooks.core.sync.due import DueIds, NewDeliveries, ScanResult
from reseller_webhooks.core.sync.horizon import Horizon
from reseller_webhooks.core.sync.revisions import Revised
from reseller_webhooks.core.webhooks.settings import Mode
from reseller_webhooks.core.webhooks.webhook import PARTS, Webhook, WebhookState
from reseller_webhooks.engine.ports import WebhookSnapshot
from reseller_webhooks.operations.leases import LEASES_AHEAD
from tests.simulation.plan import START
from tests.simulation.store_rules import StoreRule
from tests.simulation.virtual_clock import Clockwork

GIVEN_UP = 4
BROUGHT, NAMED = 3, 5
"""New deliveries that come by themselves at once, or are named: few, so that there are often more.
"""


@dataclass(slots=True)
class WebhookRow:
    webhook: Webhook
    changed_at: Micros = START
    deleted: bool = False
    circuit: Circuit = circuits.CLOSED
    revision: int = 0


@dataclass(slots=True)
class Tenure:
    """That a worker held a partition. end: "lapsed", "given back", or nothing yet."""

    owner: str
    epoch: int
    since: float
    end: str = ""
    until: float = 0.0
    covers: Micros = 0
    """Until when the lease is good if it is not renewed."""


@dataclass(slots=True)
class Closed:
    """A delivery that is no more, and how many attempts it took."""

    delivery: Delivery
    state: State
    attempts: int
    at: Micros
    given_up: bool = False
    """Because its receiver was dead for longer than a whole schedule takes."""


@dataclass(slots=True)
class Tables:
    """Everything that is durable. A delivery's event is its id, and its body is empty."""

    virtual_clock: Clockwork
    webhooks: dict[int, WebhookRow]
    pending: dict[int, dict[int, Delivery]] = field(default_factory=lambda: defaultdict(dict))
    closed: dict[int, Closed] = field(default_factory=dict)
    tenures: dict[int, list[Tenure]] = field(default_factory=lambda: defaultdict(list))
    members: dict[str, Micros] = field(default_factory=dict)
    numbers: int = 0
    last_revision: int = 0
    writing: set[str] = field(default_factory=set)
    """Transactions that have drawn numbers of deliveries and are not committed."""
    changing: set[str] = field(default_factory=set)
    """Those that have drawn revisions of webhooks and are not committed."""
    fenced: bool = True
    """Whether results of a former owner are refused."""
    stepped: Micros = 0
    """By how much the clock was stepped since the start."""
    scheduled: dict[int, Micros] = field(default_factory=dict)
    """When the next attempt of a delivery was scheduled, by the store's clock."""
    waits: dict[int, tuple[float, float]] = field(default_factory=dict)
    """When a delivery began to wait for its next attempt, and for how long, in true seconds."""
    counted_back: list[str] = field(default_factory=list)
    """Deliveries whose count of attempts went back."""

    @property
    def now(self) -> Micros:
        """The store's clock."""
        return self.true_now + self.stepped

    @property
    def true_now(self) -> Micros:
        """As a clock would say that nobody sets."""
        return START + int(self.virtual_clock.now * SECOND)

    @property
    def is_settled(self) -> bool:
        """Whether nothing is unfinished but what waits on a webhook that does not send."""
        return not any(self.pending.values())

    def holder(self, part: int) -> Tenure | None:
        """Who has the partition, even if the lease has lapsed."""
        some = self.tenures[part]
        return some[-1] if some and not some[-1].end else None

    # --- ingest

    def number(self) -> int:
        """The next delivery's number, drawn long before its transaction commits, perhaps."""
        self.numbers += 1
        return self.numbers

    def revise(self) -> int:
        """The next revision of a webhook, drawn long before its transaction commits, perhaps."""
        self.last_revision += 1
        self.changing.add(str(self.last_revision))
        return self.last_revision

    def revised_as(self, row: WebhookRow, revision: int) -> None:
        """A change of a webhook becomes visible."""
        self.changing.discard(str(revision))
        row.revision, row.changed_at = revision, self.now

    def commit(self, made: Sequence[Delivery]) -> None:
        """New deliveries become visible, and take the place of older ones where that is wanted."""
        for one in made:
            row = self.webhooks[one.webhook_id]
            if row.deleted:
                continue
            mine = self.pending[one.webhook_id]
            if row.webhook.mode is Mode.LATEST_STATE:
                older = [old for old in mine.values() if old.resource_uuid == one.resource_uuid]
                for old in older:
                    self.close(old, State.SUPERSEDED)
            mine[one.id] = one

    def close(self, one: Delivery, state: State, *, given_up: bool = False) -> None:
        """The delivery is finished."""
        del self.pending[one.webhook_id][one.id]
        self.closed[one.id] = Closed(one, state, one.attempts, self.now, given_up)

    def give_up(self, webhook_id: int, lease: tuple[int, int], before: Micros, owner: str) -> int:
        """Close what was created before then and the dead receiver of a webhook never took."""
        row = self.webhooks[webhook_id]
        is_active = row.webhook.state is WebhookState.ACTIVE and not row.deleted
        if not self._owns(owner, *lease) or not is_active or row.changed_at >= before:
            return 0
        mine = list(self.pending[webhook_id].values())
        old = [one for one in mine if one.created_at < before and not self.is_kept(one)]
        for one in sorted(old, key=lambda one: one.id)[:GIVEN_UP]:
            self.close(one, State.FAILED, given_up=True)
        return min(len(old), GIVEN_UP)

    @implements(StoreRule.KEEP_LATEST_STATE)
    def is_kept(self, one: Delivery) -> bool:
        """Whether it is the newest state of its record, for a webhook that wants the latest."""
        if self.webhooks[one.webhook_id].webhook.mode is not Mode.LATEST_STATE:
            return False
        same = self.pending[one.webhook_id].values()
        newer = [it for it in same if it.resource_uuid == one.resource_uuid]
        return all(it.version <= one.version for it in newer)

    def hurry(self, webhook_id: int) -> None:
        """What waits for a later time is due."""
        row, mine = self.webhooks[webhook_id], self.pending[webhook_id]
        for one in list(mine.values()):
            mine[one.id] = one._replace(next_at=min(one.next_at, self.now))
        row.webhook = replace(row.webhook, hurried_at=self.now)
        row.circuit = circuits.probe_now(row.circuit)

    # --- what the engine asks

    def known(self, parts: Collection[int]) -> list[WebhookSnapshot]:
        live = (number for number, row in self.webhooks.items() if not row.deleted)
        return self.by_id(one for one in live if self.webhooks[one].webhook.part in parts)

    def by_id(self, numbers: Iterable[int]) -> list[WebhookSnapshot]:
        rows = ((number, self.webhooks[number]) for number in numbers)
        return [
            WebhookSnapshot(number, None if row.deleted else row.webhook, row.circuit, row.revision)
            for number, row in rows
        ]

    def webhook_horizon(self) -> Horizon:
        newest = max(row.revision for row in self.webhooks.values())
        return Horizon().advanced(newest, self.changing)[0]

    def revised(self, known: Horizon, parts: Collection[int]) -> Revised:
        every = {number: row.revision for number, row in self.webhooks.items()}
        newest = max(every.values())
        if newest <= known.newest and not known.floors:
            return Revised({}, known)
        following, above = known.advanced(newest, self.changing)
        new = {number: its for number, its in every.items() if its > above}
        mine = {one: its for one, its in new.items() if self.webhooks[one].webhook.part in parts}
        return Revised(mine, following)

    def arrivals(self, since: int, parts: frozenset[int], include_due: bool) -> NewDeliveries:
        every = (one for some in self.pending.values() for one in some.values())
        new = sorted((one for one in every if one.id > since), key=lambda one: one.id)
        page = new[:BROUGHT] if include_due else new
        upto = page[-1].id if page else since
        if not include_due or not parts:
            return NewDeliveries(upto, [], list({one.webhook_id for one in page}), more=False)
        mine = [one for one in page if self.webhooks[one.webhook_id].webhook.part in parts]
        due = [DueDelivery(one, str(one.id), b"") for one in mine if one.next_at <= self.now]
        later = {one.webhook_id for one in mine if one.next_at > self.now}
        return NewDeliveries(upto, due, list(later), more=len(page) < len(new))

    def late(self, horizon: Horizon, newest: int) -> DueIds:
        following, above = horizon.advanced(newest, self.writing)
        if above == 0:
            return DueIds([], 0, newest, False, following)
        every = (one for some in self.pending.values() for one in some.values())
        some = [one for one in every if above < one.id <= newest and one.next_at <= self.now]
        page = sorted((one.id, one.webhook_id) for one in some)[:NAMED]
        due = [(webhook_id, number) for number, webhook_id in page]
        is_full = len(page) == NAMED
        return DueIds(due, above, page[-1][0] if is_full else newest, is_full, following)

    def waiting(self) -> dict[int, float]:
        return {
            number: max(0.0, (min(one.next_at for one in some.values()) - self.now) / SECOND)
            for number, some in self.pending.items()
            if some
        }

    def pull_back(self, parts: frozenset[int]) -> set[int]:
        """store/deliveries/clock_steps.py"""
        found: set[int] = set()
        every = [one for some in self.pending.values() for one in some.values()]
        for one in every:
            made = self.scheduled.get(one.id, one.created_at)
            if self.webhooks[one.webhook_id].webhook.part in parts and made > self.now + SECOND:
                wait = one.next_at - made if one.attempts else 0
                self.pending[one.webhook_id][one.id] = one._replace(next_at=self.now + wait)
                self.scheduled[one.id] = self.now
                found.add(one.webhook_id)
        return found

    def scan(self, asks: Sequence[ScanRequest]) -> list[ScanResult]:
        return [self._scan(ask) for ask in asks]

    def _scan(self, ask: ScanRequest) -> ScanResult:
        some = list(self.pending[ask.webhook_id].values())
        if ask.heads_only:
            heads: dict[str, int] = {}
            for one in some:
                heads[one.resource_uuid] = min(
                    one.version, heads.get(one.resource_uuid, one.version)
                )
            some = [one for one in some if one.version == heads[one.resource_uuid]]
        limit = ask.limit + len(ask.held) if ask.after == FIRST else ask.limit
        behind = [one for one in some if (one.next_at, one.id) > ask.after]
        rows = sorted(behind, key=lambda one: (one.next_at, one.id))[:limit]
        new = [one for one in rows if one.id not in ask.held]
        due = [DueDelivery(one, str(one.id), b"") for one in new if one.next_at <= self.now]
        upto = max(
            ((one.next_at, one.id) for one in rows if one.next_at <= self.now), default=ask.after
        )
        later = next((one for one in new if one.next_at > self.now), None)
        if later is not None:
            return ScanResult(due, (later.next_at - self.now) / SECOND, upto)
        return ScanResult(due, 0.0 if len(rows) == limit else None, upto)

    def finish(
        self, made: Sequence[AttemptResult], circuits: Mapping[int, Circuit], owner: str
    ) -> int:
        mine = [one for one in made if self._owns(owner, one.part, one.epoch)]
        for one in mine:
            self._finish(one)
        for number, circuit in circuits.items():
            row = self.webhooks[number]
            holder = self.holder(row.webhook.part)
            if holder and holder.owner == owner:
                row.circuit = circuit
        return len(made) - len(mine)

    @implements(StoreRule.FENCE)
    def _owns(self, owner: str, part: int, epoch: int) -> bool:
        holder = self.holder(part)
        return not self.fenced or bool(holder and (holder.owner, holder.epoch) == (owner, epoch))

    def _finish(self, one: AttemptResult) -> None:
        row = self.pending[one.delivery.webhook_id].get(one.delivery.id)
        if row is None:
            return
        if one.number < row.attempts:
            self.counted_back.append(f"delivery {row.id}: {row.attempts} to {one.number}")
        row = row._replace(attempts=one.number, next_at=one.step.due_at(self.now) or row.next_at)
        self.scheduled[row.id] = min(one.step.scheduled_at or self.now, self.now)
        self.waits[row.id] = self.virtual_clock.now, (row.next_at - self.scheduled[row.id]) / SECOND
        self.pending[row.webhook_id][row.id] = row
        if one.step.state is not State.PENDING:
            self.close(row, one.step.state)

    # --- leases: operations/leases.py on store/cluster/leases.py

    def beat(
        self,
        me: str,
        ttl_s: float,
        release: Collection[int],
        *,
        lapsed_too: bool,
        stands_back: bool,
        latest: Micros | None,
    ) -> LeaseSnapshot:
        until = self.now + int(ttl_s * SECOND)
        lapsed_too = lapsed_too and (latest is None or self.now <= latest)
        self._pull_leases_back(self.now + LEASES_AHEAD * int(ttl_s * SECOND), until)
        self.members[me] = self.now if stands_back else until
        members = self.living()
        others = members - {me}
        mine = frozenset[int]() if stands_back and others else assigned_to(me, members | {me})
        for part in release:
            self._end(part, me, "given back")
        kept = {}
        for part in range(PARTS):
            holder = self.holder(part)
            if holder and holder.owner == me:
                holder.covers = until
                kept[part] = holder.epoch
        taken = [
            self._take(part, me, until)
            for part in sorted(mine - set(kept))
            if self._is_open(part, lapsed_too=lapsed_too)
        ]
        return LeaseSnapshot(self.now, members, mine, kept, taken)

    @implements(StoreRule.LEASE_TIMES)
    def _pull_leases_back(self, beyond: Micros, until: Micros) -> None:
        for name, its in self.members.items():
            self.members[name] = until if its > beyond else its
        for part in range(PARTS):
            holder = self.holder(part)
            if holder and holder.covers > beyond:
                holder.covers = until

    def living(self) -> frozenset[str]:
        return frozenset(name for name, until in self.members.items() if until > self.now)

    def leave(self, me: str) -> None:
        for part in range(PARTS):
            self._end(part, me, "given back")
        self.members.pop(me, None)

    def _is_open(self, part: int, *, lapsed_too: bool) -> bool:
        holder = self.holder(part)
        return holder is None or (lapsed_too and holder.covers < self.now)

    def _take(self, part: int, me: str, until: Micros) -> Grant:
        lapsed = self.holder(part)
        if lapsed:
            self._end(part, lapsed.owner, "lapsed")
        before = self.tenures[part]
        epoch = before[-1].epoch + 1 if before else 1
        before.append(Tenure(me, epoch, self.virtual_clock.now, covers=until))
        return Grant(part, epoch, lapsed=lapsed is not None)

    def _end(self, part: int, owner: str, how: str) -> None:
        holder = self.holder(part)
        if holder and holder.owner == owner:
            holder.end, holder.until = how, self.virtual_clock.now
