"""Live stream of a reseller's deliveries, as server-sent events."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool

from reseller_webhooks.core.errors import (
    Invalid,
    NotAllowed,
    NotFound,
    NotSignedIn,
    Unavailable,
)
from reseller_webhooks.core.messages.access import KEY_UNKNOWN
from reseller_webhooks.core.messages.changes import EVENT_ID_INVALID
from reseller_webhooks.core.messages.requests import TOO_MANY_LIVE_VIEWS
from reseller_webhooks.http.api.auth import Context, Tenant
from reseller_webhooks.http.api.concurrency import limited
from reseller_webhooks.http.api.routes.deliveries import PATH
from reseller_webhooks.http.api.schemas.deliveries import delivery
from reseller_webhooks.http.edge.api_auth import caller_of, key_of
from reseller_webhooks.http.edge.problems import raises
from reseller_webhooks.http.edge.sse import Batch, poll_events
from reseller_webhooks.operations import authentication, deliveries
from reseller_webhooks.operations.authentication import Caller
from reseller_webhooks.operations.context import AppContext
from reseller_webhooks.operations.deliveries import LogEntry
from reseller_webhooks.operations.public_ids import PublicIds

PURPOSE = "stream"
POLL_S = 0.5
STREAMS_MAX = 20
"""Of one reseller at once; each asks the store twice a second."""

router = APIRouter(
    prefix=PATH,
    tags=["Deliveries"],
    responses=raises(NotSignedIn, NotAllowed, NotFound, Invalid, Unavailable),
)


async def _start(
    context: Context,
    last_event_id: Annotated[
        str | None,
        Header(
            alias="Last-Event-ID",
            description="Goes on behind this event.",
        ),
    ] = None,
) -> int:
    if last_event_id is None:
        return await run_in_threadpool(deliveries.first_attempt, context.database)
    found = context.ids.decrypt(PURPOSE, last_event_id, 1)
    if found is not None:
        return found[0]
    if not re.fullmatch(r"[0-9]{1,18}", last_event_id):  # as 0.1.0 gave them
        raise Invalid.at("/Last-Event-ID", EVENT_ID_INVALID())
    return int(last_event_id)


@router.get(
    "/stream",
    operation_id="streamDeliveries",
    summary="Watch deliveries live",
    response_class=EventSourceResponse,
    dependencies=[Depends(limited(TOO_MANY_LIVE_VIEWS, lambda request: request.app.state.views))],
)
async def stream(
    request: Request, context: Context, tenant: Tenant, start: Annotated[int, Depends(_start)]
) -> AsyncIterator[ServerSentEvent]:
    """An event `delivery` whenever one was attempted or closed; its data is an item of the list.

    Ends when the key is revoked or has other rights, or the program stops; a browser comes back by
    itself.
    """
    yield ServerSentEvent(id=context.ids.encrypt(PURPOSE, start), comment="from here on")
    feed = _Feed(context, key_of(request.scope), caller_of(request.scope), tenant, start)
    async for event in poll_events(feed.poll, every_s=POLL_S):
        yield event


@dataclass(slots=True)
class _Feed:
    """The deliveries of a reseller after an attempt.

    Each poll checks that the key is valid and has the rights that the stream began with.
    """

    context: AppContext
    key: str
    caller: Caller
    tenant: int
    after: int

    def poll(self) -> Batch:
        if authentication.caller(self.context.database, self.key) != self.caller:
            raise NotSignedIn(KEY_UNKNOWN())
        self.after, entries = deliveries.since(
            self.context.database, self.after, reseller_id=self.tenant
        )
        return Batch(_events(self.context.ids, entries, self.after), has_more=bool(entries))


def _events(ids: PublicIds, entries: list[LogEntry], after: int) -> list[ServerSentEvent]:
    events = [
        ServerSentEvent(event="delivery", raw_data=delivery(ids, entry).model_dump_json())
        for entry in entries
    ]
    if events:  # Only the last one has an id: a client that reconnects earlier gets all again.
        events[-1] = events[-1].model_copy(update={"id": ids.encrypt(PURPOSE, after)})
    return events
