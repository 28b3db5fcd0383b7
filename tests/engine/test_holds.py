"""Receivers that ask to be left alone: for a while (Retry-After), or for good (410)."""

from collections.abc import Callable

import pytest

from reseller_webhooks.core.access.audit import Act, AuditQuery
from reseller_webhooks.core.webhooks.webhook import PauseReason, SpecPatch, WebhookState
from reseller_webhooks.core.webhooks.webhook_row import WebhookRow
from reseller_webhooks.operations import audit, manual_retry, webhooks
from tests.engine.engine_fixture import Make, Running
from tests.receivers.receiver import Behaviour, Conversation, Receiver

Receiving = Callable[[Behaviour], Receiver]


def refuses_once(status: int, **headers: str) -> Behaviour:
    """Refuses the first request and accepts all others."""
    seen: list[object] = []

    async def behave(talk: Conversation) -> None:
        while request := await talk.request():
            seen.append(request)
            if len(seen) == 1:
                await talk.answer(status, **headers)
            else:
                await talk.answer(200)

    return behave


def row_of(running: Running, uuid: str) -> WebhookRow:
    return webhooks.get(running.database, running.reseller, uuid)


@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after_holds_every_delivery_of_the_webhook(
    make: Make, receiving: Receiving, status: int
) -> None:
    running = make()
    async with receiving(refuses_once(status, retry_after="600")) as receiver:
        row = running.webhook(receiver.url(), max_in_flight=1)
        async with running.sending():
            running.tell("c1", "c2", "c3")
            held = await running.until(lambda: row_of(running, row.uuid).held_until)
        async with running.sending():  # a new owner reads it from the store
            running.tell("c4")
            before = len(receiver.requests)
            manual_retry.retry_pending(running.database, row_of(running, row.uuid))
            running.poke()
            await running.closed(4)

    assert before == 1
    assert held > running.world.now() + 500 * 1_000_000
    assert row_of(running, row.uuid).held_until is None


async def test_a_hold_ends_by_itself(make: Make, receiving: Receiving) -> None:
    running = make()
    async with receiving(refuses_once(503, retry_after="1")) as receiver, running.sending():
        running.webhook(receiver.url(), max_in_flight=1)
        running.tell("c1", "c2", "c3")
        lines = await running.closed(3)

    assert sorted(line.attempts for line in lines) == [1, 1, 2]


async def test_a_hold_ends_where_the_webhook_gets_another_host(
    make: Make, receiving: Receiving
) -> None:
    running = make()
    refuses = refuses_once(503, retry_after="600")
    async with receiving(refuses) as receiver, receiving(refuses_once(200)) as other:
        row = running.webhook(receiver.url(), max_in_flight=1)
        async with running.sending():
            running.tell("c1", "c2")
            await running.until(lambda: row_of(running, row.uuid).held_until)
            patch = SpecPatch(url=other.url())
            webhooks.change(running.database, running.box, running.reseller, row.uuid, patch)
            running.poke()
            await running.closed(1)  # the refused one waits for itself

    assert len(receiver.requests) == 1


async def test_gone_pauses_the_webhook_until_it_is_resumed(
    make: Make, receiving: Receiving
) -> None:
    running = make()
    async with receiving(refuses_once(410)) as receiver:
        row = running.webhook(receiver.url(), max_in_flight=1)
        async with running.sending():
            running.tell("c1", "c2")
            await running.until(
                lambda: row_of(running, row.uuid).state is WebhookState.PAUSED or None
            )
            paused, before = row_of(running, row.uuid), len(receiver.requests)
            webhooks.resume(running.database, running.reseller, row.uuid)
            running.poke()
            await running.closed(2)

    (line, *_) = [
        line
        for line in audit.page(running.database, AuditQuery(running.reseller))
        if line.act == Act.WEBHOOK_PAUSED
    ]
    assert (paused.pause_reason, before) == (PauseReason.GONE, 1)
    assert line.details == {"pause_reason": "GONE"}
    assert row_of(running, row.uuid).pause_reason is None
