"""The circuit of a webhook: after failures in a row only single probes go out.

While it is open, deliveries wait and their attempts are not used up. When a probe is
accepted it closes, and concurrency grows 1, 2, 4, ... so that a receiver that has just
come back is not flooded.
"""

from dataclasses import dataclass, replace

from reseller_webhooks.core.deliveries.attempts import Attempt
from reseller_webhooks.core.deliveries.retry import RETRY_AFTER_MAX_S
from reseller_webhooks.core.messages import Message
from reseller_webhooks.core.rules import Rule, implements

HOLDS = frozenset({429, 503})
"""Statuses whose Retry-After is for every request of the webhook, not for one delivery."""
GONE = 410
OPENS_AFTER = 10
"""Failures in a row. Fewer would open on a receiver that only restarts."""
FIRST_PROBE_SHARE = 0.1
LONGEST_FIRST_PROBE_S = 30.0
JITTER = 0.1
MICROS_PER_S = 1_000_000


@dataclass(frozen=True, slots=True)
class Circuit:
    """The state of a circuit.

    failures: in a row. probe_at: microseconds UTC, the next probe while open.
    ramp: how many requests at once while recovering; None for as many as the webhook allows.
    held_until: microseconds UTC; the receiver asked for no request before that.
    is_gone: it answered 410, so nothing is sent until the webhook is resumed.
    streak: requests accepted since the last step of the ramp.
    """

    failures: int = 0
    is_open: bool = False
    probes: int = 0
    probe_at: int = 0
    ramp: int | None = None
    streak: int = 0
    reason: Message | None = None
    since: int = 0
    held_until: int = 0
    is_gone: bool = False

    @property
    def waits(self) -> bool:
        """True if it may forbid requests until some time."""
        return self.is_open or self.held_until > 0


CLOSED = Circuit()
RAMP = Circuit(ramp=1)
"""Closed, with a concurrency that grows with accepted requests."""


def after_attempt(
    circuit: Circuit, attempt: Attempt, *, now: int, chance: float, first_wait_s: float
) -> Circuit:
    """The circuit once an attempt has come back.

    now: microseconds UTC. first_wait_s: the schedule's first wait, which bounds the time
    between probes, so that a short schedule is not held up by the circuit.
    """
    following = _after(circuit, attempt, now=now, chance=chance, first_wait_s=first_wait_s)
    held_until = circuit.held_until
    if attempt.status in HOLDS and attempt.retry_after_s:
        wait_s = min(attempt.retry_after_s, RETRY_AFTER_MAX_S)
        held_until = max(held_until, now + wait_s * MICROS_PER_S)
    if held_until <= now and attempt.status != GONE:
        return replace(following, held_until=0) if following.held_until else following
    ramp = following.ramp or (None if following.is_open else 1)
    return replace(following, held_until=held_until, is_gone=attempt.status == GONE, ramp=ramp)


def _after(
    circuit: Circuit, attempt: Attempt, *, now: int, chance: float, first_wait_s: float
) -> Circuit:
    if attempt.accepted:
        return _better(circuit)
    failures = circuit.failures + 1
    if not circuit.is_open and failures < OPENS_AFTER:
        return replace(circuit, failures=failures, streak=0)
    if circuit.is_open and now < circuit.probe_at:
        return replace(circuit, failures=failures)  # it left before the circuit opened: no probe
    wait_s = _probe_wait_s(circuit.probes, first_wait_s) * (1 + JITTER * chance)
    return Circuit(
        failures=failures,
        is_open=True,
        probes=circuit.probes + 1,
        probe_at=now + int(wait_s * MICROS_PER_S),
        reason=attempt.message,
        since=circuit.since if circuit.is_open else now,
    )


@implements(Rule.PROBES, Rule.RAMP)
def limit(circuit: Circuit, cap: int, now: int) -> int:
    """The number of requests that may be in flight: 0 or 1 while open, then up to the cap."""
    if circuit.is_gone or now < circuit.held_until:
        return 0
    if circuit.is_open:
        return 1 if now >= circuit.probe_at else 0
    return min(cap, circuit.ramp) if circuit.ramp else cap


@implements(Rule.GIVE_UP_DEAD_ONLY)
def given_up_before(circuit: Circuit, *, now: int, span_s: float) -> int | None:
    """Deliveries created before this instant are given up; None when none of them is.

    Only once the circuit has been open for as long as a whole schedule takes, and only between a
    probe that failed and the next one: then nothing is under way, and the receiver has just shown
    that it still fails. now: microseconds UTC.
    """
    before = now - int(span_s * MICROS_PER_S)
    is_dead = circuit.is_open and circuit.since <= before
    return before if is_dead and now < circuit.probe_at else None


def probe_now(circuit: Circuit) -> Circuit:
    """The circuit with its next probe due now."""
    if circuit.is_open or circuit.held_until:
        return replace(circuit, probe_at=0, held_until=0)
    return circuit


def next_start(circuit: Circuit) -> int:
    """The instant before which nothing starts; 0 if there is none."""
    return max(circuit.probe_at if circuit.is_open else 0, circuit.held_until)


def resume(circuit: Circuit, *, is_elsewhere: bool) -> Circuit:
    """The circuit once the webhook was changed or resumed. is_elsewhere: it has another host."""
    if not circuit.is_gone and not circuit.held_until:
        return circuit
    held_until = 0 if is_elsewhere else circuit.held_until
    return replace(circuit, is_gone=False, held_until=held_until)


def ramped(circuit: Circuit) -> Circuit:
    """The closed circuit with a concurrency that begins with one request."""
    return replace(circuit, ramp=1)


def shift(circuit: Circuit, by: int) -> Circuit:
    """The circuit after a step of the clock by so many microseconds: it waits as long as before."""
    held_until = max(0, circuit.held_until + by) if circuit.held_until else 0
    if not circuit.is_open:
        return replace(circuit, held_until=held_until) if held_until else circuit
    return replace(
        circuit,
        probe_at=max(0, circuit.probe_at + by),
        since=max(0, circuit.since + by),
        held_until=held_until,
    )


def bound(circuit: Circuit, *, now: int, first_wait_s: float) -> Circuit:
    """The circuit with its next probe no further away than any wait between two probes.

    A clock that was stepped back since it was stored has moved its next probe into the future.
    """
    if circuit.held_until:
        last = now + RETRY_AFTER_MAX_S * MICROS_PER_S
        circuit = replace(circuit, held_until=min(circuit.held_until, last))
    if not circuit.is_open:
        return circuit
    longest = int(first_wait_s * (1 + JITTER) * MICROS_PER_S)
    return replace(circuit, probe_at=min(circuit.probe_at, now + longest))


def reopen(reason: Message | None, since: int, probe_at: int) -> Circuit:
    """The circuit as a new owner finds it in the store."""
    return Circuit(
        failures=OPENS_AFTER, is_open=True, reason=reason, since=since, probe_at=probe_at
    )


def _better(circuit: Circuit) -> Circuit:
    if circuit.is_open:
        return RAMP
    if circuit.ramp is None:
        return CLOSED if circuit.failures or circuit.held_until else circuit
    streak = circuit.streak + 1
    if streak < circuit.ramp:
        return replace(circuit, failures=0, streak=streak)
    ramp = circuit.ramp * 2
    return Circuit(ramp=ramp) if ramp < 1024 else CLOSED


def _probe_wait_s(probes: int, first_wait_s: float) -> float:
    first = min(first_wait_s * FIRST_PROBE_SHARE, LONGEST_FIRST_PROBE_S)
    return float(min(first * 2 ** min(probes, 10), first_wait_s))
