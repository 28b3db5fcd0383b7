"""Holds change requests to the quotas of resellers, and keeps this process's quotas up to date."""

import asyncio
from collections.abc import Awaitable, Callable

from reseller_webhooks.operations.changes import ChangeRequest, ChangesAnswer
from reseller_webhooks.operations.quotas import Quotas

EVERY_S = 5.0
"""A limit that an operator sets is in force in every process after this time at most."""


class QuotaGate:
    """Stands before the batches of changes, so that a refused request costs no transaction."""

    def __init__(
        self, quotas: Quotas, submit: Callable[[ChangeRequest], Awaitable[ChangesAnswer]]
    ) -> None:
        self.quotas = quotas
        self._submit = submit

    async def submit(self, request: ChangeRequest) -> ChangesAnswer:
        """Apply a request of changes; durable when this returns. QuotaExceeded."""
        self.quotas.admit(request)
        return await self._submit(request)

    async def keep_up(self) -> None:
        """Refresh the limits and the stored bytes for ever."""
        while True:
            await asyncio.to_thread(self.quotas.refresh)
            await asyncio.sleep(EVERY_S)
