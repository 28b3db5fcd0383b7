"""When nearly no host can be reached the fault is here, and receivers are not blamed for it."""

import pytest

from reseller_webhooks.core.deliveries.attempts import Attempt, Outcome, Reason
from reseller_webhooks.core.messages import plain
from reseller_webhooks.engine.ownership.egress_health import (
    HOSTS_MIN,
    LONGEST_S,
    PROBE_EVERY_S,
    EgressHealth,
    HostKey,
)

REACHED = Attempt(Outcome.ACCEPTED, ms=1, status=200)
BUSY = Attempt(Outcome.FAILED, ms=1, status=503, message=plain("answered 503"))
NO_SIGN = Attempt(
    Outcome.FAILED, ms=1, reason=Reason.CONNECT, message=plain("unreachable"), unreachable=True
)
REFUSED = Attempt(Outcome.FAILED, ms=1, reason=Reason.CONNECT, message=plain("connection refused"))
A, B = 1, 2


class Heard:
    """How often a egress has ended."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> None:
        self.times += 1


@pytest.fixture
def heard() -> Heard:
    return Heard()


def hosts(count: int, reseller: int = A) -> list[HostKey]:
    return [HostKey(reseller, f"{number}.example") for number in range(count)]


def all_end(one: EgressHealth, some: list[HostKey], attempt: Attempt, at: float) -> list[bool]:
    return [one.counts_for_receiver(host, attempt, at) for host in some]


def cut_off(heard: Heard, *, known: int = HOSTS_MIN) -> EgressHealth:
    """One that reached some, and then nobody any more."""
    one = EgressHealth(heard)
    all_end(one, hosts(known), REACHED, 0.0)
    all_end(one, hosts(known), NO_SIGN, 1.0)
    return one


def test_failures_of_a_few_hosts_are_theirs(heard: Heard) -> None:
    one = cut_off(heard, known=HOSTS_MIN - 1)

    assert one.suspected_since is None
    assert one.counts_for_receiver(HostKey(A, "0.example"), NO_SIGN, 3.0)


def test_nearly_all_hosts_without_a_sign_is_our_own_fault(heard: Heard) -> None:
    one = cut_off(heard)

    assert one.suspected_since == 1.0
    assert not one.counts_for_receiver(HostKey(A, "0.example"), NO_SIGN, 3.0)


@pytest.mark.parametrize("attempt", [BUSY, REFUSED])
def test_a_host_that_answers_badly_or_refuses_was_reached(heard: Heard, attempt: Attempt) -> None:
    one = EgressHealth(heard)
    all_end(one, hosts(50), REACHED, 0.0)
    counted = all_end(one, hosts(50), attempt, 1.0)

    assert all(counted)
    assert one.suspected_since is None


def test_hosts_that_were_never_reached_do_not_testify(heard: Heard) -> None:
    one = EgressHealth(heard)
    one.counts_for_receiver(HostKey(A, "there.example"), REACHED, 0.0)
    counted = all_end(one, hosts(50), NO_SIGN, 1.0)

    assert all(counted)
    assert one.suspected_since is None


def test_the_hosts_of_one_reseller_have_one_voice(heard: Heard) -> None:
    one = EgressHealth(heard)
    all_end(one, [*hosts(50, B), *hosts(1, A)], REACHED, 0.0)
    counted = all_end(one, hosts(50, B), NO_SIGN, 1.0)

    assert all(counted)
    assert one.suspected_since is None


def test_it_is_our_own_fault_when_no_reseller_has_a_host_that_answers(heard: Heard) -> None:
    one = EgressHealth(heard)
    some = [*hosts(HOSTS_MIN, B), *hosts(1, A)]
    all_end(one, some, REACHED, 0.0)
    all_end(one, some, NO_SIGN, 1.0)

    assert one.suspected_since is not None


def test_each_reseller_has_a_probe_now_and_then(heard: Heard) -> None:
    one = cut_off(heard)
    assert one.suspected_since is not None
    at = one.suspected_since

    assert one.may_start(A, at)
    one.request_started(A, at)
    assert not one.may_start(A, at + PROBE_EVERY_S - 0.01)
    assert one.may_start(B, at)
    assert one.may_start(A, at + PROBE_EVERY_S)


def test_one_that_is_reached_ends_it(heard: Heard) -> None:
    one = cut_off(heard)

    assert one.counts_for_receiver(HostKey(A, "0.example"), REACHED, 4.0)
    assert one.may_start(A, 4.0)
    assert heard.times == 1


def test_after_a_quarter_of_an_hour_failures_count_again(heard: Heard) -> None:
    one = cut_off(heard)
    assert one.suspected_since is not None
    later = one.suspected_since + LONGEST_S + 1

    assert one.counts_for_receiver(HostKey(A, "0.example"), NO_SIGN, later)
    assert heard.times == 1


def test_what_was_seen_long_ago_says_nothing_of_now(heard: Heard) -> None:
    one = EgressHealth(heard)
    some = hosts(HOSTS_MIN * 3)
    all_end(one, some, REACHED, 0.0)
    for number, host in enumerate(some):
        one.counts_for_receiver(host, NO_SIGN, 100 + number * 30.0)

    assert one.suspected_since is None


def test_hosts_that_another_worker_has_taken_over_say_nothing(heard: Heard) -> None:
    one = EgressHealth(heard)
    all_end(one, hosts(HOSTS_MIN) + hosts(HOSTS_MIN, B), REACHED, 0.0)
    for host in hosts(HOSTS_MIN, B):
        one.forget(host)
    all_end(one, hosts(HOSTS_MIN), NO_SIGN, 1.0)

    assert one.suspected_since == 1.0
