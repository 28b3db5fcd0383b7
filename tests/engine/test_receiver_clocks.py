"""Receivers that refuse and have another time: each attempt says so, and several a condition."""

from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from reseller_webhooks import clock
from reseller_webhooks.core.deliveries.delivery import State
from reseller_webhooks.core.health.conditions import ConditionCode
from tests.engine.engine_fixture import Make
from tests.receivers.authority import Authority
from tests.receivers.behaviours import answers
from tests.receivers.receiver import HOST, Receiver


def in_hours(hours: int) -> str:
    """A date as HTTP has it."""
    now = datetime.fromtimestamp(clock.now() / clock.SECOND, UTC)
    return format_datetime(now + timedelta(hours=hours), usegmt=True)


async def test_three_receivers_a_day_ahead_show_that_our_clock_is_wrong(
    make: Make, authority: Authority
) -> None:
    running = make(waits_s=(0.05,))
    async with AsyncExitStack() as stack:
        behaviour = answers(401, date=in_hours(24))
        for _ in range(3):
            receiver = Receiver(behaviour, tls=authority.serves(HOST))
            await stack.enter_async_context(receiver)
            running.webhook(receiver.url())
        engine = await stack.enter_async_context(running.sending())
        running.tell("c1")
        lines = await running.closed(3, State.FAILED)
        conditions = [one.code for one in engine.conditions()]

    assert {one.last_reason for one in lines} == {"CLOCK"}
    assert ConditionCode.CLOCK_OFF_RECEIVERS in conditions


async def test_a_date_to_come_again_at_is_by_the_receivers_own_clock(
    make: Make, authority: Authority
) -> None:
    running = make(waits_s=(0.05,))
    behaviour = answers(503, date=in_hours(24), retry_after=in_hours(25))
    async with Receiver(behaviour, tls=authority.serves(HOST)) as receiver:
        running.webhook(receiver.url())
        async with running.sending():
            running.tell("c1")
            await receiver.received(1)
            (line,) = await running.until(lambda: [x for x in running.lines() if x.attempts])

    assert line.next_at is not None
    assert abs(line.next_at - clock.now() - 3600 * clock.SECOND) < 60 * clock.SECOND
