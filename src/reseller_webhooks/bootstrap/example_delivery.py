"""The delivery that a test of a webhook sends."""

from reseller_webhooks import clock, secrets
from reseller_webhooks.core import examples
from reseller_webhooks.core.delivery import Delivery
from reseller_webhooks.core.events import CHANCE_BYTES, event_uuid
from reseller_webhooks.core.names import Action
from reseller_webhooks.core.notification import Due
from reseller_webhooks.core.webhooks import Webhook


def example_delivery(webhook: Webhook, at: clock.Micros, public_url: str) -> Due:
    """An event of the webhook's resource that never happened."""
    event = event_uuid(at, secrets.random_bytes(CHANCE_BYTES))
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
    return Due(delivery, event, body.encode())
