"""A receiver that is dead for good: what it left undone is given up, and a new event probes it."""

from collections.abc import Callable
from typing import Any

from reseller_webhooks.core.deliveries.attempts import Reason
from reseller_webhooks.core.deliveries.delivery import State
from reseller_webhooks.core.messages.attempts import RECEIVER_DEAD
from tests.engine.engine_fixture import Make
from tests.receivers.behaviours import by_turns
from tests.receivers.receiver import Behaviour, Receiver

COUNT = 60
NAMES = [f"c{number}" for number in range(COUNT)]
SHORT: dict[str, Any] = {"waits_s": (0.05, 0.05, 0.05), "timeout_s": 0.2}
"""A whole schedule takes 0.97 s at most."""


async def test_what_a_dead_receiver_left_is_given_up_and_the_next_event_finds_it_well(
    make: Make, receiving: Callable[[Behaviour], Receiver]
) -> None:
    running, statuses = make(**SHORT), [503]
    async with receiving(by_turns(statuses)) as receiver, running.sending():
        running.webhook(receiver.url())
        running.tell(*NAMES)
        closed = await running.closed(COUNT, State.FAILED)
        given_up = [line for line in closed if line.last_reason == Reason.RECEIVER_DEAD]
        statuses[0] = 204
        running.tell("new")
        (delivered,) = await running.closed(1, State.DELIVERED)

    assert len(given_up) > COUNT // 2
    assert all(line.last_message == RECEIVER_DEAD() for line in given_up)
    assert delivered.resource_uuid == "new"


async def test_the_newest_state_waits_for_a_dead_receiver_beyond_its_schedule(
    make: Make, receiving: Callable[[Behaviour], Receiver]
) -> None:
    running, statuses = make(**SHORT), [503]
    async with receiving(by_turns(statuses)) as receiver, running.sending():
        running.webhook(receiver.url(), mode="LATEST_STATE")
        running.tell(*NAMES[:12])
        attempts_max = len(SHORT["waits_s"]) + 1
        await running.until(
            lambda: any(line.attempts > attempts_max for line in running.lines(State.PENDING))
        )
        statuses[0] = 204
        delivered = await running.closed(12, State.DELIVERED)

    assert sorted(line.resource_uuid for line in delivered) == sorted(NAMES[:12])
    assert running.lines(State.FAILED) == []
