"""What waits is tried at once when somebody asks for it, however far off its next attempt is."""

from collections.abc import Callable

from reseller_webhooks.core.deliveries.circuits import OPENS_AFTER
from reseller_webhooks.core.deliveries.delivery import State
from reseller_webhooks.operations import manual_retry, webhooks
from tests.engine.engine_fixture import Make, Running
from tests.receivers.behaviours import answers, by_turns
from tests.receivers.receiver import Behaviour, Receiver

HOUR_S = 3600.0


def hurry(running: Running, uuid: str) -> int:
    row = webhooks.get(running.database, running.reseller, uuid)
    count = manual_retry.retry_pending(running.database, row).made
    running.poke()
    return count


def tried(running: Running) -> int:
    """How many of those that wait were refused already."""
    return sum(line.attempts > 0 for line in running.lines(State.PENDING))


async def test_what_waits_for_its_next_attempt_is_tried_now(
    make: Make, receiving: Callable[[Behaviour], Receiver]
) -> None:
    running = make(waits_s=(HOUR_S, HOUR_S))
    async with receiving(by_turns([503, 503, 503, 200])) as receiver, running.sending():
        row = running.webhook(receiver.url())
        running.tell("c1", "c2", "c3")
        await running.until(lambda: tried(running) == 3)
        count = hurry(running, row.uuid)
        await running.closed(3, State.DELIVERED)

    assert count == 3
    assert sorted(one.header("x-webhook-attempt") for one in receiver.requests[3:]) == ["2"] * 3


async def test_what_fails_once_more_goes_on_with_its_schedule(
    make: Make, receiving: Callable[[Behaviour], Receiver]
) -> None:
    running = make(waits_s=(HOUR_S, 2 * HOUR_S))
    async with receiving(answers(503)) as receiver, running.sending():
        row = running.webhook(receiver.url())
        running.tell("c1")
        (first,) = await running.until(lambda: tried(running) and running.lines(State.PENDING))
        hurry(running, row.uuid)
        (again,) = await running.until(
            lambda: [line for line in running.lines(State.PENDING) if line.attempts == 2]
        )

    assert again.next_at - first.next_at > HOUR_S * 0.9 * 1e6


async def test_a_receiver_that_was_failing_is_probed_at_once(
    make: Make, receiving: Callable[[Behaviour], Receiver]
) -> None:
    count = OPENS_AFTER + 5
    running = make(waits_s=(HOUR_S, HOUR_S))
    async with receiving(by_turns([503] * OPENS_AFTER + [200])) as receiver, running.sending():
        row = running.webhook(receiver.url(), max_in_flight=1)
        running.tell(*(f"c{n}" for n in range(count)))
        await running.until(lambda: tried(running) == OPENS_AFTER)
        await running.until(lambda: circuit_of(running, row.uuid) == "OPEN")
        hurried = hurry(running, row.uuid)
        await running.closed(count, State.DELIVERED)
        await running.until(lambda: circuit_of(running, row.uuid) == "CLOSED")

    assert hurried == OPENS_AFTER  # the others are due, and only the circuit held them back


def circuit_of(running: Running, uuid: str) -> str:
    return webhooks.get(running.database, running.reseller, uuid).circuit
