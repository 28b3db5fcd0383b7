"""The event log's address: its tab, filters and place, from the query and back into links."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from reseller_webhooks.core.delivery import State
from reseller_webhooks.core.errors import NotFound
from reseller_webhooks.core.names import Action, Resource
from reseller_webhooks.store.log import Line, LogQuery, Position
from reseller_webhooks.web import paths

LINES = 50
"""On one page of the log."""
ID_PREFIX = "dlv_"
NUMBER_MAX = 2**63 - 1

TABS: dict[str, tuple[str, frozenset[State]]] = {
    "": ("All", frozenset()),
    "successful": ("Successful", frozenset({State.DELIVERED})),
    "pending": ("Pending", frozenset({State.PENDING})),
    "failed": ("Failed", frozenset({State.FAILED})),
}
"""The tabs by the word in the address: their labels and which states they show."""


@dataclass(frozen=True, slots=True)
class LogFilter:
    """Words of the address; empty for any. What it does not know means any as well."""

    tab: str = ""
    resource: str = ""
    action: str = ""
    webhook: str = ""
    behind: str = ""

    @property
    def narrows(self) -> bool:
        """Whether it leaves anything out, apart from the tab."""
        return bool(self.resource or self.action or self.webhook)

    @property
    def path(self) -> str:
        """The address of this page of the log."""
        return paths.log(
            tab=self.tab,
            resource=self.resource,
            action=self.action,
            webhook=self.webhook,
            behind=self.behind,
        )

    def at_tab(self, tab: str) -> "LogFilter":
        """The same filters on another tab, from the newest on."""
        return replace(self, tab=tab, behind="")

    def after(self, line: Line) -> "LogFilter":
        """The page of what is older than the line."""
        return replace(self, behind=f"{line.created_at}.{line.delivery_id}")

    def query(self, reseller_id: int, webhook_id: int | None) -> LogQuery:
        """What to ask the log for: a line more than the page shows, to know whether it ends."""
        return LogQuery(
            reseller_id,
            TABS[self.tab][1],
            resource=Resource(self.resource) if self.resource else None,
            action=Action(self.action) if self.action else None,
            webhook_id=webhook_id,
            behind=_position(self.behind),
            limit=LINES + 1,
        )


def read(query: Mapping[str, str]) -> LogFilter:
    """The filter that an address asks for."""
    return LogFilter(
        tab=_known(query.get("tab", ""), TABS),
        resource=_known(query.get("resource", ""), Resource.__members__),
        action=_known(query.get("action", ""), Action.__members__),
        webhook=query.get("webhook", ""),
        behind=query.get("behind", "") if _position(query.get("behind", "")) else "",
    )


def shown_id(number: int) -> str:
    """A delivery's id as people see it, the same as the API's."""
    return f"{ID_PREFIX}{number}"


def number_of(shown: str) -> int:
    """The store's number of a delivery. NotFound when it cannot be one."""
    number = _number(shown.removeprefix(ID_PREFIX)) if shown.startswith(ID_PREFIX) else None
    if number is None:
        raise NotFound("delivery", shown)
    return number


def _known(word: str, words: Mapping[str, object]) -> str:
    return word if word in words else ""


def _position(text: str) -> Position | None:
    at, _, number = (_number(part) for part in text.partition("."))
    return None if at is None or number is None else (at, number)


def _number(digits: str) -> int | None:
    fits = digits.isascii() and digits.isdecimal() and len(digits) <= len(str(NUMBER_MAX))
    return int(digits) if fits and int(digits) <= NUMBER_MAX else None
