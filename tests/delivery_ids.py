"""Ids of deliveries in the form of earlier versions, which is still read: tests need no key."""

from reseller_webhooks.core.enums import DELIVERY


def shown_id(number: int) -> str:
    """The id of a delivery, from the store's number."""
    return f"{DELIVERY}{number}"
