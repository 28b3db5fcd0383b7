"""The backfill section of a webhook's page."""

from collections.abc import Sequence
from dataclasses import dataclass

from reseller_webhooks.core.enums import Action
from reseller_webhooks.core.sync.backfills import RATE, Backfill, is_included
from reseller_webhooks.core.webhooks.webhook_row import WebhookRow
from reseller_webhooks.http.pages.language import _, ngettext, number
from reseller_webhooks.operations import backfills
from reseller_webhooks.operations.context import Database

RATES = (10, RATE, 200, 1_000)


@dataclass(frozen=True, slots=True)
class Section:
    """prospect: what would be sent, in words. waits: why a running one makes no headway, if so."""

    newest: Backfill | None
    prospect: str
    waits: str
    possible: bool
    tells_of_removed: bool
    rates: Sequence[int] = RATES
    usual: int = RATE


def section(database: Database, row: WebhookRow) -> Section:
    """The section on a webhook's page."""
    found = backfills.preview(database, row)
    return Section(
        newest=found.newest,
        prospect=_words(found.count, is_more=found.is_more),
        waits=_waits(row),
        possible=is_included(row.actions),
        tells_of_removed=Action.REMOVED in row.actions,
    )


def _words(count: int, *, is_more: bool) -> str:
    words = ngettext("1 record", "%(count)s records", count) % {"count": number(count)}
    return _("at least %(records)s") % {"records": words} if is_more else words


def _waits(row: WebhookRow) -> str:
    if row.state == "PAUSED":
        return _("It goes on when the webhook is resumed.")
    return _("It goes on when the receiver is back.") if row.circuit == "OPEN" else ""
