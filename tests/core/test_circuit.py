"""The circuit, as a receiver comes and goes."""

from hypothesis import given
from hypothesis import strategies as st

from reseller_webhooks.core.deliveries.attempts import Attempt, Outcome
from reseller_webhooks.core.deliveries.circuits import (
    CLOSED,
    OPENS_AFTER,
    Circuit,
    after_attempt,
    limit,
    next_start,
    probe_now,
    reopen,
    resume,
)
from reseller_webhooks.core.messages import plain

NOON = 1_700_000_000_000_000
SECOND = 1_000_000
CAP = 64
ANSWERED = plain("answered 503")
FAILED = Attempt(Outcome.FAILED, ms=1, status=503, message=ANSWERED)
ACCEPTED = Attempt(Outcome.ACCEPTED, ms=1, status=200)


def after(circuit: Circuit, *attempts: Attempt, now: int = NOON) -> Circuit:
    for attempt in attempts:
        circuit = after_attempt(circuit, attempt, now=now, chance=0.0, first_wait_s=300)
    return circuit


def test_failures_in_a_row_open_it() -> None:
    assert not after(CLOSED, *[FAILED] * (OPENS_AFTER - 1)).is_open
    assert after(CLOSED, *[FAILED] * OPENS_AFTER).is_open


def test_one_success_begins_the_count_anew() -> None:
    nearly = after(CLOSED, *[FAILED] * (OPENS_AFTER - 1), ACCEPTED)

    assert not after(nearly, *[FAILED] * (OPENS_AFTER - 1)).is_open


def test_an_open_one_lets_a_single_probe_out_when_its_time_comes() -> None:
    opened = after(CLOSED, *[FAILED] * OPENS_AFTER)

    assert limit(opened, CAP, NOON) == 0
    assert limit(opened, CAP, opened.probe_at) == 1


def test_probes_come_less_and_less_often_up_to_the_first_wait() -> None:
    circuit = after(CLOSED, *[FAILED] * OPENS_AFTER)
    waits = []
    for _ in range(6):
        now = circuit.probe_at
        circuit = after(circuit, FAILED, now=now)
        waits.append((circuit.probe_at - now) // SECOND)

    assert waits == [60, 120, 240, 300, 300, 300]


def test_what_was_under_way_when_it_opened_is_no_probe() -> None:
    opened = after(CLOSED, *[FAILED] * OPENS_AFTER)
    others = after(opened, *[FAILED] * CAP, now=NOON + SECOND)

    assert (opened.probe_at - NOON) // SECOND == 30
    assert (others.probe_at, others.probes) == (opened.probe_at, opened.probes)
    assert others.failures == OPENS_AFTER + CAP


def test_it_says_why_and_since_when() -> None:
    opened = after(CLOSED, *[FAILED] * OPENS_AFTER)
    later = after(opened, FAILED, now=NOON + 99 * SECOND)

    assert (later.reason, later.since) == (ANSWERED, NOON)


def test_a_probe_that_succeeds_closes_it_and_concurrency_doubles_from_one() -> None:
    circuit = after(after(CLOSED, *[FAILED] * OPENS_AFTER), ACCEPTED)
    limits = []
    for _ in range(40):
        limits.append(limit(circuit, CAP, NOON))
        circuit = after(circuit, ACCEPTED)

    assert limits[:8] == [1, 2, 2, 4, 4, 4, 4, 8]


def test_recovery_ends_at_the_webhooks_own_limit() -> None:
    circuit = after(after(CLOSED, *[FAILED] * OPENS_AFTER), *[ACCEPTED] * 3000)

    assert circuit == CLOSED


def test_who_is_in_a_hurry_probes_an_open_one_at_once_and_changes_no_other() -> None:
    opened = after(CLOSED, *[FAILED] * OPENS_AFTER)
    ramping = after(opened, ACCEPTED)

    assert limit(probe_now(opened), CAP, NOON) == 1
    assert (probe_now(ramping), probe_now(CLOSED)) == (ramping, CLOSED)


def test_a_new_owner_goes_on_with_an_open_circuit() -> None:
    taken = reopen("answered 503", NOON, NOON + SECOND)

    assert limit(taken, CAP, NOON) == 0
    assert limit(taken, CAP, NOON + SECOND) == 1


@given(st.lists(st.booleans(), max_size=200), st.integers(1, 1000))
def test_the_limit_never_exceeds_the_cap_and_open_means_one_at_most(
    answers: list[bool], cap: int
) -> None:
    circuit = after(CLOSED, *(ACCEPTED if ok else FAILED for ok in answers))

    allowed = limit(circuit, cap, NOON + 10**12)
    assert 1 <= allowed <= (1 if circuit.is_open else cap)


BUSY = FAILED._replace(retry_after_s=60)


def test_retry_after_holds_every_request_until_it_is_over() -> None:
    held = after(CLOSED, BUSY)

    assert limit(held, CAP, NOON + 59 * SECOND) == 0
    assert limit(held, CAP, NOON + 60 * SECOND) == 1
    assert next_start(held) == NOON + 60 * SECOND


def test_an_acceptance_does_not_end_a_hold_and_a_longer_one_wins() -> None:
    held = after(CLOSED, BUSY, BUSY._replace(retry_after_s=10), ACCEPTED)

    assert limit(held, CAP, NOON + 59 * SECOND) == 0
    assert after(held, ACCEPTED, now=NOON + 61 * SECOND).held_until == 0


def test_retry_after_of_another_status_holds_nothing() -> None:
    assert after(CLOSED, BUSY._replace(status=500)).held_until == 0


def test_an_open_circuit_waits_for_the_hold_and_then_probes() -> None:
    held = after(CLOSED, *[BUSY._replace(retry_after_s=3600)] * OPENS_AFTER)

    assert held.is_open
    assert limit(held, CAP, NOON + 3599 * SECOND) == 0
    assert limit(held, CAP, NOON + 3600 * SECOND) == 1


def test_who_asks_for_a_try_at_once_ends_a_hold() -> None:
    assert limit(probe_now(after(CLOSED, BUSY)), CAP, NOON) == 1


def test_gone_stops_everything_until_the_webhook_is_resumed() -> None:
    gone = after(CLOSED, FAILED._replace(status=410))

    assert limit(gone, CAP, NOON + 10**12) == 0
    assert limit(resume(gone, is_elsewhere=False), CAP, NOON) > 0
