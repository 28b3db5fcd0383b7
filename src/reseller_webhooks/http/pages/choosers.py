"""Choosers of resellers and webhooks: a few options, and a search.

A page offers SHOWN of them, and a search field when there are more. With JavaScript the field
searches while somebody types (static/js/choosing.js), in JSON.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from starlette.responses import JSONResponse, Response

from reseller_webhooks.core.errors import NotFound
from reseller_webhooks.core.text_rules import SEARCH_MAX
from reseller_webhooks.core.webhooks.webhook_row import WebhookRow
from reseller_webhooks.http.pages import paths
from reseller_webhooks.http.pages.language import _
from reseller_webhooks.http.pages.page import Page
from reseller_webhooks.operations import resellers, webhooks

SHOWN = 50


@dataclass(frozen=True, slots=True)
class Option:
    """An option of a field: the value that the form sends, and the label that people read."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Choices:
    """The options of a field. path: the page that searches for more. search: the current search."""

    options: Sequence[Option]
    has_more: bool
    search: str
    path: str

    @property
    def is_searched(self) -> bool:
        """True if the field needs a search."""
        return self.has_more or bool(self.search)


def searched(page: Page, name: str) -> str:
    """The search text in a page's address."""
    return page.request.query_params.get(name, "").strip()[:SEARCH_MAX]


def reseller_choices(page: Page, chosen: str = "") -> Choices:
    """Resellers; the chosen one is always among them."""
    search = searched(page, "reseller-search")
    options, has_more = _resellers(page, search)
    if chosen and all(one.value != chosen for one in options):
        options[:0] = _chosen_reseller(page, chosen)
    return Choices(options, has_more, search, paths.RESELLER_CHOICES)


def webhook_choices(page: Page, chosen: WebhookRow | None = None) -> Choices:
    """The reseller's webhooks; the chosen one is always among them."""
    search = searched(page, "webhook-search")
    options, has_more = _webhooks(page, search)
    if chosen and all(one.value != chosen.uuid for one in options):
        options.insert(0, _option(chosen))
    return Choices(options, has_more, search, paths.WEBHOOK_CHOICES)


def resellers_found(page: Page) -> Response:
    """The resellers that the address searches for, as JSON."""
    return _answer(*_resellers(page, searched(page, "search")))


def webhooks_found(page: Page) -> Response:
    """The webhooks that the address searches for, as JSON."""
    return _answer(*_webhooks(page, searched(page, "search")))


def names(page: Page, numbers: Iterable[int | None]) -> dict[int, str]:
    """Names of resellers, by the store's numbers."""
    return resellers.names(page.database, {one for one in numbers if one is not None})


def _resellers(page: Page, search: str) -> tuple[list[Option], bool]:
    found = resellers.page(page.database, limit=SHOWN + 1, search=search)
    return [Option(one.uuid, one.name) for one in found[:SHOWN]], len(found) > SHOWN


def _chosen_reseller(page: Page, uuid: str) -> list[Option]:
    try:
        return [Option(uuid, resellers.get(page.database, uuid).name)]
    except NotFound:  # as somebody has typed it into the address
        return []


def _webhooks(page: Page, search: str) -> tuple[list[Option], bool]:
    found = webhooks.page(page.database, page.tenant, limit=SHOWN + 1, search=search)
    return [_option(one) for one in found[:SHOWN]], len(found) > SHOWN


def _option(row: WebhookRow) -> Option:
    label = _("%(label)s to %(url)s") % {"label": _(row.resource.label), "url": row.url}
    return Option(row.uuid, label)


def _answer(options: Sequence[Option], has_more: bool) -> Response:
    found = [{"value": one.value, "label": one.label} for one in options]
    return JSONResponse({"options": found, "more": has_more})
