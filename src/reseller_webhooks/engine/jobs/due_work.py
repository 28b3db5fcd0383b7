"""Looks for due work in the store and does it step by step."""

import asyncio
from collections.abc import Awaitable, Callable

from reseller_webhooks.core.errors import Unavailable
from reseller_webhooks.observability.outages import log_refusal

LOOK_S = 0.5


async def do_when_due(
    is_due: Callable[[], bool], step: Callable[[], Awaitable[bool]], *, put_off: str
) -> None:
    """Look for due work for ever.

    is_due: reads the store, in a thread. step: returns whether there may be more to do.
    put_off: the log's event when the store refuses.
    """
    while True:
        try:
            while await asyncio.to_thread(is_due):
                if not await step():
                    break
        except Unavailable as error:
            log_refusal(put_off, error)
        await asyncio.sleep(LOOK_S)
