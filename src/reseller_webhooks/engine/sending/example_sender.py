"""Test notifications: an example of an event, sent once and kept out of the delivery log."""

from collections.abc import Callable
from dataclasses import dataclass

from reseller_webhooks import crypto
from reseller_webhooks.core.deliveries.attempts import Attempt
from reseller_webhooks.core.deliveries.delivery import Delivery
from reseller_webhooks.core.deliveries.notification import DueDelivery
from reseller_webhooks.core.enums import Action
from reseller_webhooks.core.records import examples
from reseller_webhooks.core.records.events import CHANCE_BYTES, event_uuid
from reseller_webhooks.core.webhooks.webhook import Webhook
from reseller_webhooks.engine.sending.attempt_runner import AttemptRunner


@dataclass(frozen=True, slots=True)
class ExampleSender:
    """Sends test notifications. now: the store's time, in microseconds UTC."""

    runner: AttemptRunner
    now: Callable[[], int]
    public_url: str

    async def send(self, webhook: Webhook) -> Attempt:
        """Send an example of the webhook's resource, outside of its limits."""
        at = self.now()
        due = _example(webhook, at, self.public_url)
        return await self.runner.request(webhook, due, number=1, at=at)


def _example(webhook: Webhook, at: int, public_url: str) -> DueDelivery:
    event = event_uuid(at, crypto.random_bytes(CHANCE_BYTES))
    body = examples.notification(webhook.resource, public_url, event, at)
    delivery = Delivery(
        id=0,
        webhook_id=webhook.id,
        event_id=0,
        reseller_id=webhook.reseller_id,
        resource=webhook.resource,
        action=Action.ADDED,
        resource_uuid="",
        version=0,
        attempts=0,
        created_at=at,
        next_at=at,
        replay_of=None,
    )
    return DueDelivery(delivery, event, body.encode())
