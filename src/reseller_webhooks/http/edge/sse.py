"""Server-sent events (WHATWG HTML, 9.2): streams that poll the store, and how they end."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from math import inf

from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool
from starlette.types import Message

from reseller_webhooks import clock
from reseller_webhooks.core.errors import NotSignedIn, Unavailable

_MEDIA_TYPE = (EventSourceResponse.media_type or "").encode()


@dataclass(frozen=True, slots=True)
class Batch:
    """The events of one poll. has_more: poll again at once."""

    events: Sequence[ServerSentEvent] = ()
    has_more: bool = False


async def poll_events(
    poll: Callable[[], Batch], *, every_s: float, lives_s: float = inf
) -> AsyncIterator[ServerSentEvent]:
    """Yield the events of each poll, for `lives_s` seconds or until the caller's access ends.

    poll: runs in a thread. NotSignedIn from it ends the stream; after Unavailable it is called
        again.
    """
    until = clock.monotonic_s() + lives_s
    while clock.monotonic_s() < until:
        try:
            batch = await run_in_threadpool(poll)
        except NotSignedIn:
            return
        except Unavailable:
            batch = Batch()
        for event in batch.events:
            yield event
        if not batch.has_more:
            await asyncio.sleep(every_s)


def is_event_stream(message: Message) -> bool:
    """True if the message starts a response that is an event stream."""
    return any(
        name == b"content-type" and value.startswith(_MEDIA_TYPE)
        for name, value in message.get("headers", ())
    )
