"""So many at once of what holds something for long, for each reseller: the others keep theirs."""

from collections.abc import AsyncIterator, Callable

from fastapi import Request

from reseller_webhooks.api.auth import Tenant
from reseller_webhooks.core.errors import Unavailable


def seat(kind: str, most: int) -> Callable[[Request, int], AsyncIterator[None]]:
    """A dependency: the request has one of the reseller's seats until it is answered.

    Unavailable when they are all taken. kind: what they are called in the plural.
    """

    async def taken(request: Request, tenant: Tenant) -> AsyncIterator[None]:
        seats = request.app.state.seats
        if seats[kind, tenant] >= most:
            raise Unavailable(f"{most} {kind} are under way already; let one of them end")
        seats[kind, tenant] += 1
        try:
            yield
        finally:
            seats[kind, tenant] -= 1

    return taken
