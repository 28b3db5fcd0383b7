"""Filters of the event log: parsed from the query, formatted into links."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from reseller_webhooks.core.deliveries.delivery import State
from reseller_webhooks.core.deliveries.log import LogLine, LogQuery, Position
from reseller_webhooks.core.enums import Action, Resource, number_in
from reseller_webhooks.http.pages import paths
from reseller_webhooks.http.pages.forms import date_range
from reseller_webhooks.http.pages.language import N_, _
from reseller_webhooks.operations.public_ids import PublicIds

PLACE = "place"
LINES = 50
"""On one page of the log."""
ID_MAX = 64
"""Characters of a resource's id."""

TABS: dict[str, tuple[str, frozenset[State]]] = {
    "": (N_("All"), frozenset()),
    "successful": (N_("Successful"), frozenset({State.DELIVERED})),
    "pending": (N_("Pending"), frozenset({State.PENDING})),
    "failed": (N_("Failed"), frozenset({State.FAILED})),
}
"""The tabs by the word in the address: their labels and which states they show."""


@dataclass(frozen=True, slots=True)
class LogFilter:
    """The filters in the address; empty for any. Unknown values mean any as well.

    id: of a resource. since, until: to the minute, as browsers write it, in UTC.
    """

    ids: PublicIds = field(compare=False, repr=False)
    tab: str = ""
    resource: str = ""
    action: str = ""
    webhook: str = ""
    id: str = ""
    since: str = ""
    until: str = ""
    behind: str = ""

    @property
    def narrows(self) -> bool:
        """True if it filters by more than the tab."""
        return self != LogFilter(self.ids, tab=self.tab, behind=self.behind)

    @property
    def path(self) -> str:
        """The address of this page of the log."""
        return paths.log(**self._words)

    @property
    def _words(self) -> dict[str, str]:
        named = ("tab", "resource", "action", "webhook", "id", "behind")
        words: dict[str, str] = {name: getattr(self, name) for name in named}
        return {"from": self.since, "to": self.until} | words

    def news(self, mark: str) -> str:
        """Path of the live stream from the mark on, with the same filters."""
        return paths.log_stream(after=mark, **self._words | {"behind": ""})

    @property
    def wrong(self) -> Mapping[str, str]:
        """A sentence for each field that has to be mended; it leaves nothing out until then."""
        times = {"from": self.since, "to": self.until}
        found = {
            name: _(date_range.ENTER)
            for name, text in times.items()
            if text and _instant(text) is None
        }
        since, until = _instant(self.since), _instant(self.until)
        if since is not None and until is not None and until <= since:
            found["to"] = _(date_range.AFTER)
        return found

    def at_tab(self, tab: str) -> "LogFilter":
        """The same filters on another tab, from the newest on."""
        return replace(self, tab=tab, behind="")

    def after(self, line: LogLine) -> "LogFilter":
        """The page of older lines than this line."""
        return self.from_behind((line.created_at, line.delivery_id))

    def from_behind(self, position: Position) -> "LogFilter":
        """The page of older lines than this position."""
        return replace(self, behind=self.ids.encrypt(PLACE, *position))

    def query(self, reseller_id: int, webhook_id: int | None) -> LogQuery:
        """The log query, for one line more than the page shows."""
        return LogQuery(
            reseller_id,
            TABS[self.tab][1],
            resource=Resource(self.resource) if self.resource else None,
            action=Action(self.action) if self.action else None,
            webhook_id=webhook_id,
            resource_uuid=self.id or None,
            since=None if "from" in self.wrong else _instant(self.since),
            until=None if "to" in self.wrong else _instant(self.until),
            behind=read_pair(self.ids, PLACE, self.behind),
            limit=LINES + 1,
        )


def read(query: Mapping[str, str], ids: PublicIds) -> LogFilter:
    """The filter that an address asks for."""
    behind = query.get("behind", "")
    return LogFilter(
        ids,
        tab=_known(query.get("tab", ""), TABS),
        resource=_known(query.get("resource", ""), Resource.__members__),
        action=_known(query.get("action", ""), Action.__members__),
        webhook=query.get("webhook", ""),
        id=query.get("id", "").replace("\0", "").strip()[:ID_MAX],
        since=query.get("from", "")[:16],
        until=query.get("to", "")[:16],
        behind=behind if read_pair(ids, PLACE, behind) else "",
    )


def read_pair(ids: PublicIds, purpose: str, text: str) -> tuple[int, int] | None:
    """Two encrypted numbers, or two that version 0.1.0 wrote in the clear; None when neither."""
    found = ids.decrypt(purpose, text, 2)
    if found is not None:
        return found[0], found[1]
    first, _, second = (number_in(part) for part in text.partition("."))
    return None if first is None or second is None else (first, second)


def _known(word: str, words: Mapping[str, object]) -> str:
    return word if word in words else ""


def _instant(text: str) -> int | None:
    return date_range.instant(text) if text else None
