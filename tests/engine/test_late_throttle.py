"""What is late gives way to what is new, but never stops."""

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from reseller_webhooks import clock
from reseller_webhooks.core.deliveries.delivery import State
from reseller_webhooks.engine.dispatch.late_throttle import (
    COST_MAX_S,
    COST_MIN_S,
    OTHERS_S,
    SHARE,
    SLACK_S,
    LateThrottle,
)
from reseller_webhooks.engine.dispatch.webhook_queue import READY_MIN
from reseller_webhooks.store.tables import delivery
from tests.engine.engine_fixture import Make
from tests.engine.queue_factory import due, queue
from tests.receivers.behaviours import answers
from tests.receivers.receiver import Behaviour, Receiver

BUSY_EVERY_S = COST_MAX_S / SHARE
"""Between late deliveries when the processor has no time left."""


def busy() -> float:
    """Processor seconds of a process that works all the time, on many cores."""
    return clock.monotonic_s() * 64


def test_alone_what_is_late_is_sent_at_once() -> None:
    budget = LateThrottle(busy)
    for _ in range(1000):
        budget.delivery_started(1.0, late=True)

    assert budget.opens_at(1.0) <= 1.0


def test_others_in_time_hold_back_what_is_late() -> None:
    budget = LateThrottle(busy)
    budget.delivery_started(1.0, late=False)
    for _ in range(3):
        budget.delivery_started(1.0, late=True)

    assert budget.opens_at(1.0) > 1.0


def test_what_was_sent_alone_is_no_debt() -> None:
    budget = LateThrottle(busy)
    for _ in range(1000):
        budget.delivery_started(1.0, late=True)
    budget.delivery_started(1.0, late=False)

    assert budget.opens_at(1.0) - 1.0 <= BUSY_EVERY_S


def test_others_that_have_stopped_hold_nothing_back() -> None:
    budget = LateThrottle(busy)
    budget.delivery_started(1.0, late=False)
    for _ in range(1000):
        budget.delivery_started(1.0, late=True)

    assert budget.opens_at(1.1 + OTHERS_S) <= 1.1 + OTHERS_S


@given(st.lists(st.floats(0, 0.01), min_size=2, max_size=200), st.floats(0, 10))
def test_what_is_late_gets_its_share_and_not_more(waits: list[float], cpu_s_each: float) -> None:
    """However it is asked: never more than its share of the processor, and never nothing."""
    spent = 0.0
    budget = LateThrottle(lambda: spent)
    at, starts = 100.0, list[float]()
    for wait in waits:
        at = max(at + wait, budget.opens_at(at))
        budget.delivery_started(at, late=False)
        budget.delivery_started(at, late=True)
        spent += cpu_s_each
        starts.append(at)

    least_s, most_s = COST_MIN_S / SHARE, COST_MAX_S / SHARE
    assert all(at - starts[0] >= n * least_s - SLACK_S - 1e-9 for n, at in enumerate(starts))
    assert all(
        two - one <= wait + most_s
        for one, two, wait in zip(starts, starts[1:], waits[1:], strict=False)
    )


def test_a_webhook_is_late_until_its_backlog_has_gone_out() -> None:
    one = queue(due(1, next_at=0), due(2))
    late = [one.late]
    for number in (3, 4):
        one.accept_new([due(number)], 1.0)
        late.append(one.late)
        while one.ready:
            one.start(1.0)

    assert late == [True, True, False]


async def test_a_backlog_is_spread_out_while_others_are_in_time(
    make: Make, receiving: Callable[[Behaviour], Receiver]
) -> None:
    running = make(cpu_s=busy)
    async with receiving(answers()) as away, receiving(answers()) as there:
        backlog = running.webhook(away.url("/away"), max_in_flight=5)
        running.tell(*(f"c{i}" for i in range(100)))
        with running.database.write() as tx:
            tx.connection.execute(update(delivery).values(next_at=delivery.c.next_at - clock.DAY))
        running.webhook(there.url("/there"))
        running.tell("new")
        async with running.sending():
            lines = await running.closed(102)

    assert {line.state for line in lines} == {State.DELIVERED}
    ats = sorted(
        running.details(line).attempts[0].at for line in lines if line.webhook_id == backlog.id
    )
    # The first before others have sent anything, the last once nothing late is left to scan.
    held_back = len(ats) - READY_MIN
    assert (ats[-1] - ats[0]) / clock.SECOND >= held_back * BUSY_EVERY_S - SLACK_S
