"""What happens in a run, drawn from its seed: webhooks, changes, and what goes wrong when."""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from random import Random
from uuid import UUID

from reseller_webhooks.core.enums import Action, Resource
from reseller_webhooks.core.webhooks.settings import Mode
from reseller_webhooks.core.webhooks.webhook import ClientCredentialsAuth, NoAuth, Webhook

START = 1_800_000_000_000_000
"""The store's clock when a run begins, in microseconds UTC."""
FAULTS_S = 40.0
"""After this all faults are over, and everything must settle."""


_OAUTH2 = ClientCredentialsAuth(token_url="https://issuer/", client_id="a", client_secret="b")


class Profile(StrEnum):
    """What kind of trouble a run has."""

    CALM = "only receivers misbehave"
    WORKERS = "workers are killed, frozen, stopped and started"
    STORE = "the store is slow, loses answers, and workers are cut from it"
    OUTAGE = "the whole store is away for longer than a lease"
    NEIGHBOURS = "few slots, and one receiver that hangs"
    ISLAND = "a worker has no network, the receivers are well"
    EVERYTHING = "all of it"
    TOKENS = "workers are killed and frozen, and every webhook needs access tokens"
    RETRIES = "only receivers misbehave, and no call of the store is slow"
    CLOCKS = "clocks are set ahead and back, and workers are killed"
    DEAD = "some receivers are dead for longer than a whole schedule takes"
    LATE = "changes of records and of webhooks commit up to a minute late; all else is well"
    FANOUT = "deliveries are made in steps, workers are killed, and answers of the store get lost"
    RESELLERS = "few slots, and a reseller with many webhooks, whose receivers hang or are slow"


TOKENS = {
    Profile.TOKENS: 1.0,
    Profile.RETRIES: 0.0,
    Profile.NEIGHBOURS: 0.0,
    Profile.RESELLERS: 0.0,
    Profile.LATE: 0.5,
}
"""How many webhooks need access tokens, where it is not one in seven. A server of tokens that takes
its time is one more that hangs."""
FEW_SLOTS = {Profile.NEIGHBOURS, Profile.RESELLERS}
SLOTS = 40
"""Where they are few. Fewer than webhooks times requests at once, so that somebody waits."""
ONE_WORKER = {Profile.CALM, Profile.RETRIES} | FEW_SLOTS
DEAD_UNTIL_S = 130.0
"""When dead receivers are back; a change comes then, and it finds the circuit open."""
NEVER_SLOW = {Profile.RETRIES, Profile.LATE} | FEW_SLOTS
"""Where no call of the store is slow, since what holds up must be something else."""
LATEST_S = 60.0
"""From a number to its commit, where commits are late."""


class Mood(StrEnum):
    """How a receiver behaves for a while."""

    WELL = "well"
    BUSY = "answers 503"
    RETRY_AFTER = "answers 503 with Retry-After"
    HANGS = "takes requests and never answers"
    AWAY = "refuses connections"
    LIES = "accepts and answers 500"
    LATE = "accepts, but only after the sender has given up"
    SLOW = "accepts, in its own time"
    FAR = "gets requests long after they were sent"
    MOODY = "fails now and then"


BACK_FOR_A_MOMENT = 3
"""The webhook whose dead receiver takes a few deliveries in between."""
DEAD_MOODS = (Mood.BUSY, Mood.AWAY, Mood.HANGS)


class Kind(StrEnum):
    """What goes wrong with a process or the store."""

    KILL = "is killed"
    STOP = "is asked to stop"
    FREEZE = "is frozen"
    CUT = "cannot reach the store"
    ISLAND = "cannot reach any receiver"
    OUTAGE = "the store is away"
    PAUSE = "webhook is paused"
    DELETE = "webhook is deleted"
    HURRY = "webhook is to be sent now what waits"
    STORE_CLOCK = "the store's clock is stepped"
    WORKER_CLOCK = "has its clock stepped"
    UNREADABLE = "webhook's secrets do not open"
    ADD = "webhook is added"
    MOVE = "webhook gets another URL"


GREEDY, GREEDY_WEBHOOKS, OTHER_WEBHOOKS = 1, 16, 4
"""The reseller whose receivers hang, how many webhooks it has, and how many resellers with one
webhook each there are beside it."""
OF_WEBHOOKS = {Kind.PAUSE, Kind.DELETE, Kind.HURRY, Kind.UNREADABLE, Kind.ADD, Kind.MOVE}
MOVED = "moved"
"""What a webhook's second URL ends in."""


@dataclass(frozen=True, slots=True)
class Fault:
    """target: the place of a worker (0, 1, 2) or the id of a webhook. for_s: until it is over.

    by_s: by how much a clock is stepped, and stepped back when it is over.
    late_s: of a webhook's change, from its revision to its commit.
    """

    at: float
    kind: Kind
    target: int
    for_s: float
    by_s: float = 0.0
    late_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Span:
    """A receiver's mood for some time."""

    begin: float
    end: float
    mood: Mood


@dataclass(frozen=True, slots=True)
class Change:
    """An event that is to be committed. late_s: from its number to its commit.

    is_large: of a request that leaves its deliveries to steps.
    """

    at: float
    resource: int
    late_s: float
    is_large: bool = False


@dataclass(slots=True)
class Plan:
    """All that is decided before a run begins."""

    seed: int
    profile: Profile
    workers: int
    ttl_s: float
    timeout_s: float
    slots: int
    waits_s: tuple[float, ...]
    webhooks: list[Webhook]
    moods: dict[int, list[Span]]
    changes: list[Change]
    faults: list[Fault]
    store_failures: float = 0.0
    """Of a hundred calls of the store, how many get no answer, part of which did commit."""
    slow_calls: float = 0.02
    lost_pokes: float = 0.3
    pauses: dict[int, list[tuple[float, float]]] = field(default_factory=dict)


WEIGHTS = [15, 25, 20, 10, 5, 5, 20] + [0] * (len(Profile) - 7)
"""The last must be asked for: what two of them have is in others too, only less often."""


def draw(seed: int, profile: Profile | None = None) -> Plan:
    """The plan of a seed."""
    rng = Random(seed)  # noqa: S311 - the same for the same seed
    weighted = rng.choices(list(Profile), weights=WEIGHTS)[0]
    profile = profile or weighted
    workers = 1 if profile in ONE_WORKER else rng.choice([1, 2, 2, 3])
    webhooks = [_webhook(rng, 1 + n, profile) for n in range(_webhook_count(rng, profile))]
    plan = Plan(
        seed=seed,
        profile=profile,
        workers=workers,
        ttl_s=rng.choice([4.0, 6.0]),
        timeout_s=rng.choice([2.0, 3.0, 8.0]),
        slots=SLOTS if profile in FEW_SLOTS else rng.choice([4, 20, 1000]),
        waits_s=(1.0, 2.0, 4.0, 8.0, 16.0),
        webhooks=webhooks,
        moods={},
        changes=_changes(rng, profile),
        faults=_in_turn(
            [
                *_faults(rng, profile, workers, len(webhooks)),
                *_hurries(seed, webhooks),
                *_unreadable_secrets(seed, profile, webhooks),
            ]
        ),
    )
    if profile in NEVER_SLOW:
        plan.slow_calls = 0.0
    if profile is Profile.RESELLERS:
        plan.timeout_s = 8.0
    if profile is Profile.LATE:
        _make_late(seed, plan)
    if profile is Profile.FANOUT:
        _make_large(seed, plan)
    plan.moods = {one.id: _moods(rng, plan, one) for one in webhooks}
    if profile in (Profile.STORE, Profile.EVERYTHING):
        plan.store_failures = rng.choice([0.0, 0.01, 0.05])
        plan.slow_calls = rng.choice([0.02, 0.1])
    return plan


def _webhook_count(rng: Random, profile: Profile) -> int:
    if profile is Profile.RESELLERS:
        return GREEDY_WEBHOOKS + OTHER_WEBHOOKS
    return 14 if profile is Profile.ISLAND else rng.randint(3, 7)


def _make_late(seed: int, plan: Plan) -> None:
    """Let one in five changes of records, and most of webhooks, commit long after they began."""
    rng = Random(f"late commits of {seed}")  # noqa: S311
    # Nobody waits for a late change: its record is its own.
    plan.changes = [
        replace(one, resource=1000 + n, late_s=rng.uniform(5.0, LATEST_S))
        if rng.random() < 0.2
        else one
        for n, one in enumerate(plan.changes)
    ]
    numbers = [one.id for one in plan.webhooks]
    added = [Fault(rng.uniform(0, FAULTS_S / 2), Kind.ADD, one, 0.0) for one in numbers[2:4]]
    kinds = [Kind.PAUSE, Kind.MOVE, Kind.MOVE, Kind.DELETE]
    changed = [
        Fault(rng.uniform(2.0, FAULTS_S), kind, rng.choice(numbers), rng.uniform(5.0, 20.0))
        for kind in rng.choices(kinds, k=rng.randint(4, 8))
    ]
    late = [replace(one, late_s=rng.choice([0.0, rng.uniform(1, LATEST_S)])) for one in changed]
    added = [replace(one, late_s=rng.uniform(1, LATEST_S)) for one in added]
    plan.faults = _in_turn([*added, *late])


def _make_large(seed: int, plan: Plan) -> None:
    """Let every third change leave its deliveries to steps, and the store lose answers."""
    rng = Random(f"large requests of {seed}")  # noqa: S311
    plan.changes = [replace(one, is_large=rng.random() < 0.35) for one in plan.changes]
    plan.store_failures = 0.03


def _webhook(rng: Random, number: int, profile: Profile) -> Webhook:
    kind = rng.choice(["plain", "plain", "latest", "ordered", "ordered", "both"])
    limited = profile not in FEW_SLOTS and rng.random() < 0.25
    limited &= profile is not Profile.LATE
    if profile in FEW_SLOTS:
        kind = "plain"
    others = profile is Profile.RESELLERS and number > GREEDY_WEBHOOKS
    return Webhook(
        id=number,
        uuid=str(UUID(int=rng.getrandbits(128), version=4)),
        reseller_id=number if others else GREEDY,
        url=f"https://receiver-{number}.example/",
        resource=Resource.COMPANY,
        actions=frozenset(Action),
        auth=_OAUTH2 if rng.random() < TOKENS.get(profile, 0.15) else NoAuth(),
        secret="whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
        mode=Mode.LATEST_STATE if kind in ("latest", "both") else Mode.EVERY_CHANGE,
        ordered=kind in ("ordered", "both"),
        max_in_flight=SLOTS if profile in FEW_SLOTS else rng.choice([1, 2, 3, 10]),
        rate_per_second=rng.choice([3.0, 10.0]) if limited else None,
    )


def _changes(rng: Random, profile: Profile) -> list[Change]:
    resources = 40 if profile in FEW_SLOTS else rng.choice([3, 8, 20])
    count = rng.randint(20, 60)
    bursts = [rng.uniform(0.5, FAULTS_S - 2) for _ in range(6)]

    def at() -> float:
        if rng.random() < 0.6:
            return rng.choice(bursts) + rng.random() * 0.5
        return rng.uniform(0.5, FAULTS_S - 1)

    def late_s() -> float:
        return rng.uniform(0.2, 5.0) if rng.random() < 0.1 else rng.uniform(0.002, 0.03)

    some = [Change(at(), rng.randrange(resources), late_s()) for _ in range(count)]
    if profile is Profile.DEAD:
        some += [Change(DEAD_UNTIL_S + n, n, 0.01) for n in range(3)]
    if profile is Profile.ISLAND:  # only a host that was reached before can testify
        some.append(Change(0.6, 0, 0.01))
    return sorted(some, key=lambda change: change.at)


def _faults(rng: Random, profile: Profile, workers: int, webhooks: int) -> list[Fault]:
    kinds = {
        Profile.WORKERS: [Kind.KILL, Kind.FREEZE, Kind.FREEZE, Kind.STOP],
        Profile.FANOUT: [Kind.KILL, Kind.KILL, Kind.FREEZE, Kind.STOP],
        Profile.TOKENS: [Kind.KILL, Kind.FREEZE, Kind.FREEZE, Kind.FREEZE],
        Profile.STORE: [Kind.CUT],
        Profile.OUTAGE: [Kind.OUTAGE],
        Profile.ISLAND: [Kind.ISLAND],
        Profile.EVERYTHING: [
            *(Kind.KILL, Kind.FREEZE, Kind.STOP, Kind.CUT, Kind.CUT, Kind.OUTAGE, Kind.ISLAND),
        ],
    }.get(profile, [])
    count = 1 if profile in (Profile.ISLAND, Profile.OUTAGE) else rng.randint(1, 6)
    some = [_fault(rng, rng.choice(kinds), workers) for _ in range(count)] if kinds else []
    if profile is Profile.CLOCKS:
        some = _steps(rng, workers)
    if profile is Profile.ISLAND:  # long enough that a whole schedule could be used up
        some = [replace(fault, for_s=FAULTS_S - fault.at) for fault in some]
    if profile not in FEW_SLOTS and rng.random() < 0.3:
        some.append(_fault(rng, Kind.PAUSE, 0, rng.randint(1, webhooks)))
    if profile not in FEW_SLOTS and rng.random() < 0.1:
        some.append(_fault(rng, Kind.DELETE, 0, rng.randint(1, webhooks)))
    return some


def _hurries(seed: int, webhooks: list[Webhook]) -> list[Fault]:
    # From a seed of its own, so that all else is as it was without them.
    rng = Random(f"hurries of {seed}")  # noqa: S311
    some = rng.choices(webhooks, k=rng.choice([0, 0, 1, 3]))
    return [Fault(rng.uniform(2.0, FAULTS_S), Kind.HURRY, one.id, 0.0) for one in some]


def _unreadable_secrets(seed: int, profile: Profile, webhooks: list[Webhook]) -> list[Fault]:
    # From a seed of its own, so that everything else stays as it was without it.
    rng = Random(f"unreadable secrets of {seed}")  # noqa: S311
    if profile in FEW_SLOTS or rng.random() > 0.3:
        return []
    return [_fault(rng, Kind.UNREADABLE, 0, rng.choice(webhooks).id)]


def _in_turn(faults: list[Fault]) -> list[Fault]:
    return sorted(faults, key=lambda fault: fault.at)


def _fault(rng: Random, kind: Kind, workers: int, webhook: int = 0) -> Fault:
    longest = {Kind.KILL: 6.0, Kind.STOP: 4.0, Kind.ISLAND: FAULTS_S}.get(kind, 15.0)
    at = rng.uniform(2.0, 8.0) if kind is Kind.ISLAND else rng.uniform(2.0, FAULTS_S - 4)
    for_s = min(rng.uniform(0.1, 1.0) * longest, FAULTS_S - at)
    return Fault(at, kind, webhook or rng.randrange(workers), for_s)


def _steps(rng: Random, workers: int) -> list[Fault]:
    """The store's clock is wrong twice, so that each worker beats between two steps."""
    begins = [3.0 + rng.uniform(0, 3), 21.0 + rng.uniform(0, 3)]
    wrong = [Fault(at, Kind.STORE_CLOCK, 0, rng.uniform(6.5, 11), _step_s(rng)) for at in begins]
    own = replace(_fault(rng, Kind.WORKER_CLOCK, workers), by_s=_step_s(rng))
    kills = [_fault(rng, Kind.KILL, workers) for _ in range(rng.choice([0, 0, 1, 2]))]
    return [*wrong, own, *kills]


def _step_s(rng: Random) -> float:
    """From seconds to a month, ahead or back."""
    longest = rng.choice([60.0, 3 * 3600.0, 30 * 86_400.0])
    return rng.choice([-1, 1]) * rng.uniform(0.05, 1.0) * longest


def _moods(rng: Random, plan: Plan, webhook: Webhook) -> list[Span]:
    if plan.profile in (Profile.ISLAND, Profile.LATE):
        return []
    if plan.profile is Profile.NEIGHBOURS:
        return [Span(0, FAULTS_S, Mood.HANGS)] if webhook.id == 1 else []
    if plan.profile is Profile.RESELLERS:
        mood = Mood.HANGS if plan.seed % 2 or webhook.id % 2 else Mood.SLOW
        return [Span(0, FAULTS_S, mood)] if webhook.reseller_id == GREEDY else []
    if plan.profile is Profile.DEAD and webhook.id % 2:
        since, mood = rng.uniform(0, 5), rng.choice(DEAD_MOODS)
        if webhook.id != BACK_FOR_A_MOMENT:
            return [Span(since, DEAD_UNTIL_S, mood)]
        again = rng.uniform(50, 70)
        return [Span(since, again, mood), Span(again + 0.5, DEAD_UNTIL_S, mood)]
    spans: list[Span] = []
    at = rng.uniform(0, 10)
    while at < FAULTS_S:
        end = min(at + rng.uniform(0.5, 15), FAULTS_S)
        spans.append(Span(at, end, rng.choice([mood for mood in Mood if mood is not Mood.WELL])))
        at = end + rng.uniform(0.5, 15)
    return spans
