"""The pull feed: events in sequence, for receivers that accept no connections."""

from collections.abc import Callable
from functools import partial
from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from reseller_webhooks import clock
from reseller_webhooks.core.enums import Resource
from reseller_webhooks.core.errors import (
    CursorExpired,
    Invalid,
    NotAllowed,
    NotFound,
    NotSignedIn,
    Unavailable,
)
from reseller_webhooks.core.messages.changes import CURSOR_INVALID
from reseller_webhooks.core.messages.requests import TOO_MANY_READERS
from reseller_webhooks.http.api import timestamps
from reseller_webhooks.http.api.auth import Context, Tenant
from reseller_webhooks.http.api.concurrency import limited
from reseller_webhooks.http.api.paging import Limit
from reseller_webhooks.http.api.request_body import JSON
from reseller_webhooks.http.api.schemas import Payload, Shape
from reseller_webhooks.http.edge.api_auth import key_of
from reseller_webhooks.http.edge.exchange import waiting_for_peer
from reseller_webhooks.http.edge.problems import raises
from reseller_webhooks.operations import authentication, event_feed
from reseller_webhooks.operations.context import AppContext
from reseller_webhooks.operations.event_feed import FeedPage, FeedPosition
from reseller_webhooks.operations.public_ids import PublicIds

PURPOSE = "feed"
READERS_MAX = 50
"""Of one reseller at once."""
WAIT_MAX_S = 30
LOOK_S, PENDING_LOOK_S = 5.0, 0.5
"""Without a commit, the store is read again after this time; while a transaction is pending, which
may be rolled back without a sign, after the second."""
PAUSE_S = 0.2
"""Between reads of one reader, however many commits there are."""

router = APIRouter(
    prefix="/api/v1/events",
    tags=["Events"],
    responses=raises(NotSignedIn, NotAllowed, NotFound, Invalid, CursorExpired, Unavailable),
)


class FeedItem(Shape):
    """An event. cursor: reads on behind it."""

    cursor: str
    notification: Payload


class Feed(Shape):
    """A page of events, oldest first."""

    items: list[FeedItem]
    next_cursor: str = Field(description="Give it as `after` to read on; keep it.")
    has_more: bool = Field(description="Whether there are more events to read at once.")


@router.get(
    "",
    operation_id="readEvents",
    summary="Read events in sequence",
    response_model=Feed,
    dependencies=[Depends(limited(TOO_MANY_READERS, lambda request: request.app.state.readers))],
)
async def read(  # noqa: PLR0917 - FastAPI passes them by name
    request: Request,
    context: Context,
    tenant: Tenant,
    after: Annotated[
        str | None, Query(description="`nextCursor`, or an item's `cursor`.", max_length=100)
    ] = None,
    since: Annotated[
        timestamps.Given | None,
        Query(alias="from", description="Without `after`: from this time on; of the future: none."),
    ] = None,
    resource: Annotated[
        Resource | None, Query(alias="type", description="Only events of this resource.")
    ] = None,
    limit: Limit = 100,
    wait: Annotated[
        int,
        Query(ge=0, le=WAIT_MAX_S, description="Seconds to wait for an event if there is none."),
    ] = 0,
) -> Response:
    """The notifications as they are sent, whatever webhooks there are, without gaps: an event that
    is committed late is not skipped. Without `after` and `from`: from the oldest that is kept. An
    event may come twice, so apply only newer versions. 410 when events behind the cursor are
    deleted (RETENTION_DAYS).
    """
    find = partial(
        event_feed.page,
        context.database,
        reseller_id=tenant,
        keeps=context.settings.retention_days * clock.DAY,
        resource=resource,
        after=_position(context.ids, after),
        since=since if after is None else None,
        limit=limit,
    )
    page = await _wait(context, partial(_still_allowed, context, key_of(request.scope), find), wait)
    return await run_in_threadpool(_answer, context.ids, page)


async def _wait(context: AppContext, find: Callable[[], FeedPage], wait_s: float) -> FeedPage:
    """A page with events, or the last one when the time is over."""
    until = clock.monotonic_s() + wait_s
    while True:
        seen = context.event_commits.count
        page = await run_in_threadpool(find)
        left_s = until - clock.monotonic_s()
        if page.events or page.has_more or left_s <= 0:
            return page
        look_s = PENDING_LOOK_S if page.is_pending else LOOK_S
        async with waiting_for_peer():
            await context.event_commits.wait(seen, min(look_s, left_s), pause_s=PAUSE_S)


def _still_allowed(context: AppContext, key: str, find: Callable[[], FeedPage]) -> FeedPage:
    """The page, unless the key was revoked while its request waited. NotSignedIn."""
    authentication.caller(context.database, key)
    return find()


def _position(ids: PublicIds, cursor: str | None) -> FeedPosition | None:
    if cursor is None:
        return None
    numbers = ids.decrypt(PURPOSE, cursor, 3)
    if numbers is None:
        raise Invalid.at("/after", CURSOR_INVALID())
    return FeedPosition(*numbers)


def _cursor(ids: PublicIds, position: FeedPosition) -> str:
    return ids.encrypt(PURPOSE, position.number, position.generation, position.at)


def _answer(ids: PublicIds, page: FeedPage) -> Response:
    body = {
        "items": [
            {
                "cursor": _cursor(ids, page.behind(event)),
                "notification": orjson.Fragment(event.body),
            }
            for event in page.events
        ],
        "nextCursor": _cursor(ids, page.position),
        "hasMore": page.has_more,
    }
    return Response(orjson.dumps(body), media_type=JSON)
