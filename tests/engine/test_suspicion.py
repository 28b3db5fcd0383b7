"""When nearly no host can be reached the fault is here, and receivers are not blamed for it."""

import pytest

from reseller_webhooks.core.attempts import Attempt, Outcome, Reason
from reseller_webhooks.engine.suspicion import HOSTS_MIN, LONGEST_S, PROBE_EVERY_S, Suspicion

REACHED = Attempt(Outcome.ACCEPTED, ms=1, status=200)
BUSY = Attempt(Outcome.FAILED, ms=1, status=503, detail="answered 503")
UNREACHED = Attempt(Outcome.FAILED, ms=1, reason=Reason.CONNECT, detail="no connection")


class Heard:
    """How often a suspicion has ended."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> None:
        self.times += 1


@pytest.fixture
def heard() -> Heard:
    return Heard()


def cut_off(heard: Heard, *, hosts: int = HOSTS_MIN) -> Suspicion:
    """One that reached somebody once, and then nobody any more."""
    one = Suspicion(heard)
    one.counts("a.example", REACHED, 0.0)
    for number in range(hosts):
        one.counts(f"{number}.example", UNREACHED, 1.0)
    one.counts("a.example", UNREACHED, 2.0)
    return one


def test_failures_of_a_few_hosts_are_theirs(heard: Heard) -> None:
    one = cut_off(heard, hosts=HOSTS_MIN - 2)

    assert one.since is None
    assert one.counts("b.example", REACHED, 3.0)


def test_nearly_all_hosts_unreached_is_our_own_fault(heard: Heard) -> None:
    one = cut_off(heard)

    assert one.since is not None
    assert not one.counts("b.example", UNREACHED, 3.0)


def test_a_host_that_answers_badly_was_reached(heard: Heard) -> None:
    one = Suspicion(heard)
    for number in range(50):
        assert one.counts(f"{number}.example", BUSY, 1.0)

    assert one.since is None


def test_who_never_reached_anybody_blames_the_targets(heard: Heard) -> None:
    one = Suspicion(heard)
    for number in range(50):
        assert one.counts(f"{number}.example", UNREACHED, 1.0)

    assert one.since is None


def test_only_a_probe_goes_out_now_and_then(heard: Heard) -> None:
    one = cut_off(heard)
    assert one.since is not None
    at = one.since + PROBE_EVERY_S

    assert not one.may_start(at - 0.01)
    assert one.may_start(at)
    one.started(at)
    assert not one.may_start(at + 0.01)


def test_one_that_is_reached_ends_it(heard: Heard) -> None:
    one = cut_off(heard)

    assert one.counts("a.example", REACHED, 4.0)
    assert one.may_start(4.0)
    assert heard.times == 1


def test_after_a_quarter_of_an_hour_failures_count_again(heard: Heard) -> None:
    one = cut_off(heard)
    assert one.since is not None
    later = one.since + LONGEST_S + 1

    assert one.counts("a.example", UNREACHED, later)
    assert heard.times == 1


def test_what_was_seen_long_ago_says_nothing_of_now(heard: Heard) -> None:
    one = Suspicion(heard)
    one.counts("a.example", REACHED, 0.0)
    for number in range(HOSTS_MIN * 3):
        one.counts(f"{number}.example", UNREACHED, number * 30.0)

    assert one.since is None
