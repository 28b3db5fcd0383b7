"""Waiting for other systems, such as a receiver or an identity provider."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from reseller_webhooks.http.edge.anonymous_requests import queue_left
from reseller_webhooks.http.edge.request_deadline import waiting_for_others


@asynccontextmanager
async def waiting_for_peer() -> AsyncIterator[None]:
    """Pause the request's deadline and free its place; the peer has a deadline of its own."""
    async with queue_left():
        with waiting_for_others():
            yield
