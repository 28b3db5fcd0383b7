"""Live stream of the event log, as server-sent events: which lines to reload.

The lines themselves come from the page, so that there is one way to draw them.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Header
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool

from reseller_webhooks.core.deliveries.log import LogLine, LogPosition, LogQuery
from reseller_webhooks.core.errors import NotSignedIn
from reseller_webhooks.core.messages.access import SIGN_IN_FIRST
from reseller_webhooks.core.messages.requests import TOO_MANY_WATCHING
from reseller_webhooks.http.edge.sse import Batch, poll_events
from reseller_webhooks.http.pages import paths
from reseller_webhooks.http.pages.dependencies import AtReseller
from reseller_webhooks.http.pages.forms import log_filter
from reseller_webhooks.http.pages.page import Page
from reseller_webhooks.operations import authentication, deliveries, webhooks
from reseller_webhooks.operations.public_ids import PublicIds

MARK = "mark"
POLL_S = 1.0
LINES_MAX = 100
"""Lines in one event; further ones are only counted."""
LONGEST_S = 600
"""Lifetime of a stream. The browser reconnects by itself, unless the visitor was locked out."""

routes = APIRouter()


def filter_of(page: AtReseller) -> LogQuery:
    """The query of the page's filters. NotFound, before the response starts, for their webhook."""
    filters = log_filter.read(page.request.query_params, page.ids)
    chosen = webhooks.get(page.database, page.tenant, filters.webhook) if filters.webhook else None
    return filters.query(page.tenant, chosen.id if chosen else None)


async def view(page: AtReseller) -> AsyncIterator[Page]:
    """The page, counted among the reseller's live views. Unavailable beyond their limit."""
    with page.site.views.hold(page.tenant, TOO_MANY_WATCHING):
        yield page


@routes.get(paths.LOG_STREAM, response_class=EventSourceResponse)
async def stream(
    query: Annotated[LogQuery, Depends(filter_of)],
    page: Annotated[Page, Depends(view)],
    after: str = "",
    last_event_id: Annotated[str, Header(alias="Last-Event-ID")] = "",
) -> AsyncIterator[ServerSentEvent]:
    """An event `news` whenever lines were added or have changed since the mark `after`."""
    start = await run_in_threadpool(_start, page, last_event_id or after)
    feed = _Feed(page, query, start)
    async for event in poll_events(feed.poll, every_s=POLL_S, lives_s=LONGEST_S):
        yield event


def format_mark(ids: PublicIds, mark: LogPosition) -> str:
    """A mark as text, for the page and for an event's id."""
    return ids.encrypt(MARK, mark.attempt, mark.delivery)


def parse_mark(ids: PublicIds, text: str) -> LogPosition | None:
    """A mark from its text, None for any other text."""
    found = log_filter.read_pair(ids, MARK, text)
    return LogPosition(*found) if found else None


def _start(page: Page, text: str) -> LogPosition:
    return parse_mark(page.ids, text) or deliveries.mark(page.database)


@dataclass(slots=True)
class _Feed:
    """The lines of a reseller's log that changed after a mark.

    Each poll checks that the session still opens this reseller.
    """

    page: Page
    query: LogQuery
    mark: LogPosition

    def poll(self) -> Batch:
        page, before = self.page, self.mark
        token = page.site.cookies.session(page.request) or ""
        visitor = authentication.visitor(page.database, token)
        if visitor.reseller_id != page.tenant:
            raise NotSignedIn(SIGN_IN_FIRST())
        self.mark, lines = deliveries.news_since(
            page.database, before, reseller_id=page.tenant, limit=LINES_MAX
        )
        if self.mark == before and not lines:
            return Batch()
        event_id = format_mark(page.ids, self.mark)
        if lines:
            data = _json(page.ids, self.query, lines)
            return Batch([ServerSentEvent(event="news", id=event_id, raw_data=data)])
        return Batch([ServerSentEvent(id=event_id, comment="nothing of yours")])


def _json(ids: PublicIds, query: LogQuery, lines: list[LogLine]) -> str:
    """id: of the row. fits: whether these filters show it. at: epoch milliseconds."""
    rows = [
        {
            "id": ids.delivery(line.delivery_id),
            "fits": line.fits(query),
            "at": line.created_at // 1000,
        }
        for line in lines
    ]
    return orjson.dumps(rows).decode()
