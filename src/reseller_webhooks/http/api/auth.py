"""Authorization: every route under /api/ depends on `Platform`, `Readable` or `Tenant`.

What belongs to another reseller is not found, as if it were not there.
"""

from dataclasses import replace
from typing import Annotated

from fastapi import Depends, Query, Request, Security
from fastapi.security import HTTPBearer
from starlette.concurrency import run_in_threadpool

from reseller_webhooks.core.access.permissions import Scope
from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.core.errors import Invalid, NotAllowed, NotFound
from reseller_webhooks.core.messages.access import KEY_NOT_PLATFORM, KEY_READ_ONLY
from reseller_webhooks.core.messages.changes import NO_RESELLER_YET, RESELLER_NOT_GIVEN
from reseller_webhooks.http.api.query_parameters import refuse_unknown
from reseller_webhooks.http.edge.api_auth import actor_of, caller_of, reseller_of
from reseller_webhooks.operations import resellers
from reseller_webhooks.operations.authentication import Caller
from reseller_webhooks.operations.context import AppContext, Database

# ApiAuth has read the key already; this is what /docs says of it.
_bearer = HTTPBearer(
    scheme_name="apiKey",
    bearerFormat="rwk_...",
    description="A key from `reseller-webhooks api-keys add`. Scopes: `platform` writes records "
    "and sees every reseller; `reseller` manages one reseller's webhooks; `reseller:read` reads.",
    auto_error=False,
)
ResellerParameter = Annotated[
    str | None,
    Query(
        description="Id of the reseller; for platform keys, which may leave it out while there "
        "is only one."
    ),
]


async def context(request: Request) -> AppContext:
    """The parts of the running program. Writes are in the caller's name, and count towards the
    quotas of a reseller's key."""
    found: AppContext = request.app.state.context
    charge = found.quotas.charge_to(reseller_of(request.scope))
    database = found.database.acting(actor_of(request.scope), charge)
    return replace(found, database=database)


Context = Annotated[AppContext, Depends(context)]


async def caller(
    request: Request,
    _: Annotated[object, Security(_bearer)],
    __: Annotated[None, Depends(refuse_unknown)],
) -> Caller:
    """The caller. Invalid for a query parameter that the route does not have."""
    return caller_of(request.scope)


CurrentCaller = Annotated[Caller, Depends(caller)]


async def platform(caller: CurrentCaller) -> Caller:
    """Require a platform key. NotAllowed for others."""
    if caller.scope is not Scope.PLATFORM:
        raise NotAllowed(KEY_NOT_PLATFORM())
    return caller


async def readable(
    context: Context, caller: CurrentCaller, reseller: ResellerParameter = None
) -> int | None:
    """The reseller whose records the caller may see, by the store's number; None for all."""
    if caller.reseller_id is None and reseller is None:
        return None
    return await run_in_threadpool(_number, context.database, caller, reseller)


async def tenant(
    request: Request, context: Context, caller: CurrentCaller, reseller: ResellerParameter = None
) -> int:
    """The reseller of the request, by the store's number."""
    if caller.scope is Scope.RESELLER_READ and request.method != "GET":
        raise NotAllowed(KEY_READ_ONLY())
    return await run_in_threadpool(_number, context.database, caller, reseller)


Platform = Annotated[Caller, Depends(platform)]
Readable = Annotated[int | None, Depends(readable)]
Tenant = Annotated[int, Depends(tenant)]


def find_reseller(database: Database, reseller: str | None) -> Reseller:
    """The reseller that a platform key names, or the only one. Invalid when it is not clear."""
    if reseller is not None:
        return resellers.get(database, reseller)
    found = resellers.page(database, limit=2)
    if len(found) == 1:
        return found[0]
    raise Invalid.at("/reseller", RESELLER_NOT_GIVEN() if found else NO_RESELLER_YET())


def _number(database: Database, caller: Caller, reseller: str | None) -> int:
    if caller.reseller_id is None:
        return find_reseller(database, reseller).id
    if reseller is not None and resellers.get(database, reseller).id != caller.reseller_id:
        raise NotFound("reseller", reseller)
    return caller.reseller_id
