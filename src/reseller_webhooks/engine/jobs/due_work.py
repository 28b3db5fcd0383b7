"""Polls the store for due work and runs it step by step."""

import asyncio
from collections.abc import Awaitable, Callable

from reseller_webhooks.core.errors import Unavailable
from reseller_webhooks.observability.outages import log_refusal

POLL_S = 0.5


async def do_when_due(
    is_due: Callable[[], bool], step: Callable[[], Awaitable[bool]], *, put_off: str
) -> None:
    """Run due work forever.

    is_due: reads the store, on a thread. step: returns whether more work may be due.
    put_off: the log event when the store is unavailable.
    """
    while True:
        try:
            while await asyncio.to_thread(is_due):
                if not await step():
                    break
        except Unavailable as error:
            log_refusal(put_off, error)
        await asyncio.sleep(POLL_S)
