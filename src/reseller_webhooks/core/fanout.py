"""Which webhooks an event goes to. The store's INSERT ... SELECT says the same in SQL.

Told to a webhook means: same reseller, same resource, and at least one of the event's
checkboxes ticked. One event makes at most one delivery per webhook, however many match.
"""

from collections.abc import Iterable

from reseller_webhooks.core.events import Event
from reseller_webhooks.core.webhooks import Webhook


def is_told(webhook: Webhook, event: Event) -> bool:
    """Whether the event makes a delivery for the webhook."""
    return (
        webhook.reseller_id == event.reseller_id
        and webhook.resource is event.resource
        and not webhook.actions.isdisjoint(event.ticked)
    )


def told(webhooks: Iterable[Webhook], event: Event) -> list[Webhook]:
    """The webhooks that get a delivery of the event."""
    return [webhook for webhook in webhooks if is_told(webhook, event)]
