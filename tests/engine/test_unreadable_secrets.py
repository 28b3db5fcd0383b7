"""A secret that does not open stops its own webhook, and nothing else."""

from collections.abc import Callable
from typing import Any

import pytest
from cryptography.fernet import Fernet
from prometheus_client import generate_latest
from structlog.testing import capture_logs

from reseller_webhooks.core.deliveries.delivery import State
from reseller_webhooks.core.webhooks.webhook import SecretPurpose, SpecPatch, TokenAuth
from reseller_webhooks.core.webhooks.webhook_row import WebhookRow
from reseller_webhooks.crypto import Box
from reseller_webhooks.observability import registry
from reseller_webhooks.operations import webhooks
from reseller_webhooks.store.db.database import Database
from reseller_webhooks.store.webhooks import webhooks as stored
from tests.engine.engine_fixture import KEY, Make, Running, ids
from tests.receivers.behaviours import answers
from tests.receivers.receiver import Behaviour, Receiver

LOST_KEY = Fernet.generate_key().decode()
AUTH = TokenAuth(token="s3cret")


def sealed_by(running: Running, key: str, url: str, **given: Any) -> WebhookRow:
    """A webhook whose secrets were sealed under another first key."""
    box, running.box = running.box, Box([key])
    row = running.webhook(url, **given)
    running.box = box
    return row


def copy_column(database: Database, column: str, of: WebhookRow, to: WebhookRow) -> None:
    with database.write() as tx:
        stored.change(tx, to.id, **{column: getattr(of, column)})


async def test_every_other_webhook_goes_on(
    make: Make, receiving: Callable[[Behaviour], Receiver]
) -> None:
    running = make()
    async with receiving(answers()) as well, receiving(answers()) as shut:
        running.webhook(well.url())
        sealed_by(running, LOST_KEY, shut.url(), auth=AUTH)
        with capture_logs() as logged:
            async with running.sending():
                running.tell("c1", "c2")
                await running.closed(2)
                running.tell("c3")
                await running.closed(3)
                metrics = generate_latest(registry).decode()

    waiting = running.lines(State.PENDING)
    assert len(well.requests) == 3
    assert (len(waiting), {line.attempts for line in waiting}) == (3, {0})
    assert shut.requests == []
    assert "reseller_webhooks_secrets_unreadable 1.0" in metrics
    assert [one["count"] for one in logged if "do not open" in one["event"]] == [1]


async def test_the_key_given_back_heals_without_saving(
    make: Make, receiving: Callable[[Behaviour], Receiver]
) -> None:
    running = make()
    async with receiving(answers()) as receiver:
        sealed_by(running, LOST_KEY, receiver.url(), auth=AUTH)
        async with running.sending():
            running.tell("c1")
        running.box = Box([KEY, LOST_KEY])
        async with running.sending():
            await running.closed(1, State.DELIVERED)

    (request,) = receiver.requests
    assert request.header("x-appdirect-webhook-token") == "s3cret"


async def test_secrets_entered_anew_heal_while_it_runs(
    make: Make, receiving: Callable[[Behaviour], Receiver]
) -> None:
    running = make()
    async with receiving(answers()) as receiver:
        row = sealed_by(running, LOST_KEY, receiver.url(), auth=AUTH)
        async with running.sending():
            events = running.tell("c1")
            patch = SpecPatch.model_validate({"auth": {"type": "TOKEN", "token": "n3w"}})
            changed = webhooks.change(
                running.database, running.box, running.reseller, row.uuid, patch
            )
            half = webhooks.unreadable(running.box, changed, 0)
            added = webhooks.rotate_secret(
                running.database, running.box, running.reseller, row.uuid
            )
            running.poke()
            await running.closed(1, State.DELIVERED)

    assert half == (SecretPurpose.SIGNING_SECRET,)
    assert added.webhook.previous_secret_sealed is None
    assert ids(receiver.requests) == events
    assert receiver.requests[0].header("x-appdirect-webhook-token") == "n3w"


@pytest.mark.parametrize("column", ["auth_sealed", "secret_sealed"])
async def test_a_value_copied_from_another_webhook_sends_nothing(
    make: Make, receiving: Callable[[Behaviour], Receiver], column: str
) -> None:
    running = make()
    async with receiving(answers()) as well, receiving(answers()) as forged:
        mine = running.webhook(well.url(), auth=AUTH)
        theirs = running.webhook(forged.url(), auth=TokenAuth(token="mallory"))
        copy_column(running.database, column, mine, theirs)
        async with running.sending():
            running.tell("c1")
            await running.closed(1)

    assert (len(well.requests), len(forged.requests)) == (1, 0)
