"""Per-reseller limits on concurrent long-running requests, as dependencies of routes."""

from collections.abc import AsyncIterator, Callable

from fastapi import Request

from reseller_webhooks.core.messages import MessageCode
from reseller_webhooks.http.api.auth import Tenant
from reseller_webhooks.operations.concurrency import ConcurrencyLimit


def limited(
    refusal: MessageCode, limit_of: Callable[[Request], ConcurrencyLimit]
) -> Callable[[Request, int], AsyncIterator[None]]:
    """A dependency: the request counts towards a limit until it is answered. Unavailable beyond it.

    refusal: the code of that error; it names the limit as `count`.
    """

    async def count(request: Request, tenant: Tenant) -> AsyncIterator[None]:
        with limit_of(request).hold(tenant, refusal):
            yield

    return count
