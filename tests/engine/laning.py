"""Lanes with something in them, made without a store."""

from reseller_webhooks import clock
from reseller_webhooks.core import circuit as circuits
from reseller_webhooks.core.delivery import Delivery
from reseller_webhooks.core.names import Action, Resource
from reseller_webhooks.core.notification import Due
from reseller_webhooks.core.webhooks import NoAuth, Webhook
from reseller_webhooks.engine.lane import Lane
from reseller_webhooks.engine.stock import Stock
from reseller_webhooks.operations.sending import Found

NOW = clock.DAY


def due(number: int, *, next_at: int = NOW) -> Due:
    delivery = Delivery(number, 1, 1, 1, "COMPANY", "ADDED", "c1", 1, 0, 0, next_at, None)
    return Due(delivery, "e1", b"{}")


def lane(*some: Due, reseller_id: int = 1) -> Lane:
    """A lane that has found these; it is late when the first of them was due a day ago."""
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
    made = Lane(webhook, circuits.CLOSED, Stock())
    made.ask()
    made.found(Found(list(some), None), 0.0, NOW)
    return made
