"""The delivery that a test of a webhook sends."""

from reseller_webhooks import clock, crypto
from reseller_webhooks.core.deliveries.delivery import Delivery
from reseller_webhooks.core.deliveries.notification import DueDelivery
from reseller_webhooks.core.enums import Action
from reseller_webhooks.core.records import examples
from reseller_webhooks.core.records.events import CHANCE_BYTES, event_uuid
from reseller_webhooks.core.webhooks.webhook import Webhook


def example_delivery(webhook: Webhook, at: clock.Micros, public_url: str) -> DueDelivery:
    """An event of the webhook's resource that never happened."""
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
