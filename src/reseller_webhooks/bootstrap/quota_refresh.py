"""Keeps the quotas of this process up to date."""

import asyncio

from reseller_webhooks.operations.quotas import Quotas

EVERY_S = 5.0
"""A limit that an operator sets is in force in every process after this time at most."""


async def refresh_quotas(quotas: Quotas) -> None:
    """Refresh the limits and the stored bytes for ever."""
    while True:
        await asyncio.to_thread(quotas.refresh)
        await asyncio.sleep(EVERY_S)
