"""Pages of somebody who is signed in do not queue behind those of strangers."""

import httpx
import pytest
from fastapi.middleware.asyncexitstack import AsyncExitStackMiddleware
from starlette.applications import Starlette
from starlette.middleware import Middleware

from reseller_ingress import FairQueue, network_of
from reseller_webhooks.http.edge import anonymous_requests
from reseller_webhooks.http.edge.anonymous_requests import Turns
from reseller_webhooks.http.pages import paths
from reseller_webhooks.http.pages.app import create_router, create_site
from reseller_webhooks.operations.context import AppContext
from tests.behind_edge import behind_edge
from tests.pages.browser_client import HOST, Person

ADDRESS = "127.0.0.1"


async def test_whoever_is_signed_in_does_not_queue(
    context: AppContext, admin: Person, nobody: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(anonymous_requests, "WAIT_S", 0.05)
    queue = FairQueue(1, 1)
    pages = Starlette(middleware=[Middleware(AsyncExitStackMiddleware)])
    pages.state.site = create_site(context, lambda: admin.trust.context)
    pages.router.default = create_router()
    edge = behind_edge(pages, turns=Turns(queue, FairQueue(1, 1)))
    transport = httpx.ASGITransport(edge, client=(ADDRESS, 1))

    async def status(person: Person, path: str) -> int:
        cookies = person.client.cookies
        async with httpx.AsyncClient(transport=transport, base_url=HOST, cookies=cookies) as one:
            return (await one.get(path)).status_code

    assert await status(admin, paths.ACCOUNT) == 200
    assert await status(nobody, paths.SIGN_IN) == 200

    await queue.enter(network_of(ADDRESS))
    assert await status(admin, paths.ACCOUNT) == 200
    assert await status(nobody, paths.SIGN_IN) == 429
