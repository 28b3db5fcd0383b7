"""Hands deliveries that this process has made to its engine."""

from collections.abc import Sequence

from reseller_webhooks.core.deliveries.notification import DueDelivery
from reseller_webhooks.engine.engine import Engine
from reseller_webhooks.store.db.commits import Taker
from reseller_webhooks.store.db.notify import Notifications


def taker(engine: Engine, notifications: Notifications) -> Taker:
    """The taker of new deliveries; from any thread."""

    def take(made: Sequence[DueDelivery], begun_s: float) -> None:
        notifications.note_own(max(one.delivery.id for one in made))
        engine.take_made(made, begun_s)

    return take
