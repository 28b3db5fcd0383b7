"""The engine from committed event to receiver and log: real store, sockets and TLS."""

import asyncio
import json
from collections.abc import Callable
from math import nan

import pytest
from standardwebhooks import Webhook as Standard

from reseller_webhooks.core.deliveries.delivery import State
from reseller_webhooks.core.messages.attempts import ANSWERED_STATUS
from reseller_webhooks.core.webhooks.webhook import SpecPatch, TokenAuth
from reseller_webhooks.operations import deliveries, webhooks
from tests.engine.engine_fixture import BODY, Make, ids
from tests.receivers.behaviours import answers, by_turns, closes_unanswered, hangs
from tests.receivers.receiver import Behaviour, Conversation, Receiver


async def test_an_event_reaches_its_receiver_and_stands_in_the_log(
    make: Make, receiving: Callable[[Behaviour], Receiver]
) -> None:
    running = make()
    async with receiving(answers(200, b"thanks")) as receiver, running.sending():
        running.webhook(receiver.url())
        running.poke()
        (event,) = running.tell("c1")
        (request,) = await receiver.received(1)
        (line,) = await running.closed(1)

    assert (request.method, request.body.decode()) == ("POST", BODY)
    assert request.header("webhook-id") == event
    assert (line.state, line.last_status, line.attempts) == (State.DELIVERED, 200, 1)
    assert running.details(line).attempts[0].response == "thanks"


async def test_the_headers_are_those_of_the_contract(
    make: Make, receiving: Callable[[Behaviour], Receiver]
) -> None:
    running = make()
    async with receiving(answers()) as receiver, running.sending():
        running.webhook(receiver.url(), auth=TokenAuth(token="s3cret"))
        running.tell("c1")
        (request,) = await receiver.received(1)

    names = {name.lower() for name, _ in request.headers}
    assert names - {"host", "content-length"} == {
        "content-type",
        "user-agent",
        "webhook-id",
        "webhook-timestamp",
        "webhook-signature",
        "x-webhook-attempt",
        "x-appdirect-webhook-token",
    }
    assert request.header("content-type") == "application/json"
    assert request.header("x-appdirect-webhook-token") == "s3cret"


async def test_every_secret_that_was_rotated_in_a_day_verifies(
    make: Make, receiving: Callable[[Behaviour], Receiver]
) -> None:
    running = make()
    async with receiving(answers()) as receiver:
        row = running.webhook(receiver.url())
        first = webhooks.open_webhook(running.box, row, 0).secret
        given = (running.database, running.box, running.reseller, row.uuid)
        second, third = (webhooks.rotate_secret(*given).secret for _ in range(2))
        async with running.sending():
            running.tell("c1")
            (request,) = await receiver.received(1)

    for secret in (first, second, third):
        headers = {name.lower(): value for name, value in request.headers}
        assert Standard(secret).verify(request.body, headers) == json.loads(BODY)


async def test_a_failed_attempt_is_made_again_and_says_which_it_is(
    make: Make, receiving: Callable[[Behaviour], Receiver]
) -> None:
    running = make()
    async with receiving(by_turns([503, 503, 200])) as receiver:
        running.webhook(receiver.url())
        async with running.sending():
            running.tell("c1")
            requests = await receiver.received(3)
            (line,) = await running.closed(1)

    assert [request.header("x-webhook-attempt") for request in requests] == ["1", "2", "3"]
    assert len(set(ids(requests))) == 1
    assert [a.status for a in running.details(line).attempts] == [503, 503, 200]


async def test_a_used_up_schedule_fails_the_delivery_with_its_reason(
    make: Make, receiving: Callable[[Behaviour], Receiver]
) -> None:
    running = make()
    async with receiving(answers(500, b"oops")) as receiver, running.sending():
        running.webhook(receiver.url())
        running.tell("c1")
        (line,) = await running.closed(1)

    assert (line.state, line.attempts) == (State.FAILED, 3)
    assert line.last_message == ANSWERED_STATUS(status=500)


async def test_a_retry_by_hand_is_a_new_delivery(
    make: Make, receiving: Callable[[Behaviour], Receiver]
) -> None:
    running = make()
    async with receiving(by_turns([500, 500, 500, 200])) as receiver:
        running.webhook(receiver.url())
        async with running.sending():
            running.tell("c1")
            (failed,) = await running.closed(1)
            deliveries.retry(running.database, failed.delivery_id, reseller_id=running.reseller)
            running.poke()
            again, _ = await running.closed(2)

    assert (again.state, again.replay_of) == (State.DELIVERED, failed.delivery_id)
    assert again.event_id == failed.event_id


async def test_a_receiver_that_hangs_holds_up_nobody_else(
    make: Make, receiving: Callable[[Behaviour], Receiver]
) -> None:
    running = make(timeout_s=30.0)
    async with receiving(hangs) as stuck, receiving(answers()) as fine, running.sending():
        running.webhook(stuck.url(), max_in_flight=2)
        running.webhook(fine.url())
        running.tell(*(f"c{i}" for i in range(200)))
        await stuck.received(2)
        arrived = await fine.received(200)
        delivered = await running.closed(200)

        assert len(stuck.requests) == 2
    assert len(set(ids(arrived))) == len(delivered) == 200


async def test_a_webhook_changed_while_it_is_used_goes_on_under_its_new_settings(
    make: Make, receiving: Callable[[Behaviour], Receiver]
) -> None:
    running = make()
    async with receiving(answers(500)) as old, receiving(answers()) as new, running.sending():
        row = running.webhook(old.url())
        running.tell("c1")
        await old.received(1)
        patch = SpecPatch.model_validate({"url": new.url()})
        webhooks.change(running.database, running.box, running.reseller, row.uuid, patch)
        running.poke()
        (line,) = await running.closed(1)

    assert line.state is State.DELIVERED
    assert len(new.requests) == 1


async def test_a_deleted_webhook_gets_nothing_more_and_its_deliveries_are_cancelled(
    make: Make, receiving: Callable[[Behaviour], Receiver]
) -> None:
    running = make(waits_s=(0.2, 0.2))
    async with receiving(closes_unanswered) as receiver, running.sending():
        row = running.webhook(receiver.url())
        running.tell("c1")
        await running.until(lambda: [one for one in running.lines() if one.attempts == 1])
        webhooks.delete(running.database, running.reseller, row.uuid)
        running.poke()

        (line,) = running.lines()
    assert line.state is State.CANCELLED


async def test_what_was_not_answered_when_the_engine_stopped_is_sent_by_the_next(
    make: Make, receiving: Callable[[Behaviour], Receiver]
) -> None:
    running = make()
    async with receiving(hangs) as receiver:
        running.webhook(receiver.url())
        async with running.sending():
            (event,) = running.tell("c1")
            await receiver.received(1)
        receiver.behaviour = answers()
        async with running.sending():
            await running.closed(1)

    assert ids(receiver.requests) == [event, event]


async def test_an_open_circuit_waits_and_recovery_delivers_everything(
    make: Make, receiving: Callable[[Behaviour], Receiver]
) -> None:
    running = make(waits_s=(0.3, 0.3, 0.3, 0.3, 0.3, 0.3))
    statuses = [503]
    async with receiving(by_turns(statuses)) as receiver, running.sending():
        row = running.webhook(receiver.url())
        running.tell(*(f"c{i}" for i in range(30)))

        def circuit() -> str:
            return webhooks.get(running.database, running.reseller, row.uuid).circuit

        await running.until(lambda: circuit() == "OPEN")
        spared = [line for line in running.lines() if not line.attempts]
        statuses[:] = [200]
        lines = await running.closed(30)
        await running.until(lambda: circuit() == "CLOSED")

    assert spared
    assert {line.state for line in lines} == {State.DELIVERED}


async def test_a_lane_that_holds_many_slots_gives_way_to_one_that_waits(
    make: Make, receiving: Callable[[Behaviour], Receiver]
) -> None:
    running = make(slots=8)
    async with receiving(answers()) as greedy, receiving(answers()) as modest:
        running.webhook(greedy.url(), max_in_flight=100)
        running.tell(*(f"c{i}" for i in range(300)))
        running.webhook(modest.url())
        async with running.sending():
            running.tell("late")
            await modest.received(1)
            ahead = len(greedy.requests)
            await running.closed(302)

    assert ahead < 300


async def test_an_attempt_that_breaks_the_program_holds_up_no_other(
    make: Make, receiving: Callable[[Behaviour], Receiver]
) -> None:
    running = make(waits_s=(nan,))  # the settings refuse it: after a failure, no time to try again
    async with receiving(by_turns([500, 200])) as receiver, running.sending() as engine:
        running.webhook(receiver.url(), max_in_flight=1)
        running.tell("c1", "c2", "c3")
        lines = await running.closed(2)
        still = engine.in_flight

    assert [line.state for line in lines] == [State.DELIVERED] * 2
    assert still == 0


@pytest.mark.parametrize(("status", "outcome"), [(200, "ACCEPTED"), (500, "FAILED")])
async def test_the_attempt_under_way_when_its_webhook_is_deleted_stands_in_the_log(
    make: Make, receiving: Callable[[Behaviour], Receiver], status: int, outcome: str
) -> None:
    running, released = make(), asyncio.Event()

    async def slow(talk: Conversation) -> None:
        await talk.request()
        await released.wait()
        await talk.answer(status)

    async with receiving(slow) as receiver, running.sending():
        row = running.webhook(receiver.url())
        running.tell("c1")
        await receiver.received(1)
        webhooks.delete(running.database, running.reseller, row.uuid)
        running.poke()
        (cancelled,) = await running.closed(1, State.CANCELLED)
        released.set()
        made = await running.until(
            lambda: [one for one in running.details(cancelled).attempts if one.outcome]
        )

    assert [(one.status, one.outcome) for one in made] == [(status, outcome)]
