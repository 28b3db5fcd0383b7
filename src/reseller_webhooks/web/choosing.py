"""Resellers to choose from, and the names of those that a table tells of."""

from collections.abc import Iterable

from reseller_webhooks.operations import resellers
from reseller_webhooks.store.resellers import Reseller
from reseller_webhooks.web.page import Page

OFFERED = 500


def offered(page: Page) -> list[Reseller]:
    """The first ones, and the one that the operator has turned to, whichever it is."""
    found = resellers.page(page.database, limit=OFFERED)
    if page.reseller is not None and page.reseller not in found:
        found.insert(0, page.reseller)
    return found


def names(page: Page, numbers: Iterable[int | None]) -> dict[int, str]:
    """What resellers are called, by the store's numbers."""
    return resellers.names(page.database, {one for one in numbers if one is not None})
