"""Queues with something in them, made without a store."""

from reseller_webhooks import clock
from reseller_webhooks.core.deliveries import circuits
from reseller_webhooks.core.deliveries.delivery import Delivery
from reseller_webhooks.core.deliveries.notification import DueDelivery
from reseller_webhooks.core.enums import Action, Resource
from reseller_webhooks.core.sync.due import ScanResult
from reseller_webhooks.core.webhooks.webhook import NoAuth, Webhook
from reseller_webhooks.engine.dispatch.prefetch_budget import PrefetchBudget
from reseller_webhooks.engine.dispatch.webhook_queue import WebhookQueue

NOW = clock.DAY


def due(number: int, *, next_at: int = NOW) -> DueDelivery:
    delivery = Delivery(number, 1, 1, 1, "COMPANY", "ADDED", "c1", 1, 0, 0, next_at, None)
    return DueDelivery(delivery, "e1", b"{}")


def queue(*some: DueDelivery, reseller_id: int = 1) -> WebhookQueue:
    """A queue that has found these; it is late when the first of them was due a day ago."""
    webhook = Webhook(
        id=1,
        uuid="w1",
        reseller_id=reseller_id,
        url="https://receiver.example/in",
        resource=Resource.COMPANY,
        actions=frozenset(Action),
        auth=NoAuth(),
        secret="whsec_" + "c2VjcmV0" * 4,
    )
    made = WebhookQueue(webhook, circuits.CLOSED, PrefetchBudget())
    made.begin_scan()
    made.complete_scan(ScanResult(list(some), None), 0.0, NOW)
    return made
