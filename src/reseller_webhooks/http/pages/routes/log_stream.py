"""News of the event log, as server-sent events (WHATWG HTML, 9.2): which lines to look at again.

The lines themselves come from the page, so that there is one way to draw them.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Header
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool

from reseller_webhooks.core.deliveries.log import LogLine, LogPosition, LogQuery
from reseller_webhooks.core.errors import NotSignedIn, Unavailable
from reseller_webhooks.core.messages.requests import TOO_MANY_WATCHING
from reseller_webhooks.http.pages import paths
from reseller_webhooks.http.pages.dependencies import AtReseller
from reseller_webhooks.http.pages.forms import log_filter
from reseller_webhooks.http.pages.page import Page
from reseller_webhooks.operations import authentication, deliveries, webhooks
from reseller_webhooks.operations.public_ids import PublicIds

MARK = "mark"
POLL_S = 1.0
LINES_MAX = 100
"""In one event; what is beyond is not told one by one, since nobody reads so fast."""
LONGEST_S = 600
"""Then the browser comes back by itself: who was locked out meanwhile does not get in."""

routes = APIRouter()


def narrowed(page: AtReseller) -> LogQuery:
    """What the filters leave. NotFound, before the answer begins, for a webhook not there."""
    filters = log_filter.read(page.request.query_params, page.ids)
    chosen = webhooks.get(page.database, page.tenant, filters.webhook) if filters.webhook else None
    return filters.query(page.tenant, chosen.id if chosen else None)


async def view(page: AtReseller) -> AsyncIterator[Page]:
    """One of the reseller's places for somebody who watches. Unavailable when all are taken."""
    views = page.site.views
    if views.is_reached(page.tenant):
        raise Unavailable(TOO_MANY_WATCHING(count=views.most))
    with views.counting(page.tenant):
        yield page


@routes.get(paths.LOG_STREAM, response_class=EventSourceResponse)
async def stream(
    query: Annotated[LogQuery, Depends(narrowed)],
    page: Annotated[Page, Depends(view)],
    after: str = "",
    last_event_id: Annotated[str, Header(alias="Last-Event-ID")] = "",
) -> AsyncIterator[ServerSentEvent]:
    """An event `news` whenever lines were made or have changed since the mark `after`."""
    mark = await run_in_threadpool(_start, page, last_event_id or after)
    for _ in range(int(LONGEST_S / POLL_S)):
        before = mark
        try:
            mark, lines = await run_in_threadpool(_news, page, mark)
        except NotSignedIn:
            return
        except Unavailable:
            lines = []
        if lines:
            yield ServerSentEvent(
                event="news", id=told(page.ids, mark), raw_data=_json(page.ids, query, lines)
            )
        elif mark != before:
            yield ServerSentEvent(id=told(page.ids, mark), comment="nothing of yours")
        await asyncio.sleep(POLL_S)


def told(ids: PublicIds, mark: LogPosition) -> str:
    """A mark as text, for the page and for an event's id."""
    return ids.encrypt(MARK, mark.attempt, mark.delivery)


def marked(ids: PublicIds, text: str) -> LogPosition | None:
    """The mark that a text tells of."""
    found = log_filter.read_pair(ids, MARK, text)
    return LogPosition(*found) if found else None


def _start(page: Page, text: str) -> LogPosition:
    return marked(page.ids, text) or deliveries.mark(page.database)


def _news(page: Page, since: LogPosition) -> tuple[LogPosition, list[LogLine]]:
    token = page.site.cookies.session(page.request)
    authentication.visitor(page.database, token or "")  # A view must not outlive its session.
    return deliveries.news_since(page.database, since, reseller_id=page.tenant, limit=LINES_MAX)


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
