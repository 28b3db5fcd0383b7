"""The web application: one Starlette assembly of the API and the pages behind one edge."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from ssl import SSLContext
from typing import Any

from fastapi.exceptions import RequestValidationError
from fastapi.middleware.asyncexitstack import AsyncExitStackMiddleware
from fastapi.routing import APIRoute
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Receive, Scope, Send

from reseller_ingress import FairQueue
from reseller_webhooks.core.errors import ResellerWebhooksError
from reseller_webhooks.http.api import docs, openapi
from reseller_webhooks.http.api.errors import ProblemResponses, no_such_path
from reseller_webhooks.http.api.routes import (
    backfills,
    changes,
    deliveries,
    delivery_stream,
    erasures,
    event_feed,
    events,
    health,
    jobs,
    metrics,
    quotas,
    records,
    resellers,
    retries,
    schema_documents,
    sync,
    test_webhook,
    webhooks,
)
from reseller_webhooks.http.edge.anonymous_requests import YIELD_TO_PLATFORM_S, Turns
from reseller_webhooks.http.edge.api_auth import API_PREFIX, ApiAuth
from reseller_webhooks.http.edge.edge import CATCH_ALL, Edge
from reseller_webhooks.http.edge.host_check import HostCheck
from reseller_webhooks.http.edge.problems import WrongMethod
from reseller_webhooks.http.edge.request_threads import RESELLER_REQUESTS_AT_ONCE
from reseller_webhooks.http.edge.response_headers import DEFAULTS, HSTS, NOT_KEPT, encoded
from reseller_webhooks.http.edge.surface import Surface
from reseller_webhooks.http.pages.app import create_router, create_site, pages_surface
from reseller_webhooks.http.pages.page import SiteContext
from reseller_webhooks.operations.concurrency import ConcurrencyLimit
from reseller_webhooks.operations.context import AppContext

Lifespan = Callable[[Starlette], AbstractAsyncContextManager[None]]

ROUTERS = (
    changes.router,
    records.router,
    erasures.router,
    webhooks.router,
    test_webhook.router,
    backfills.router,
    jobs.router,
    retries.router,
    delivery_stream.router,  # before deliveries/{id}, which it would be one of
    deliveries.router,
    event_feed.router,
    events.router,
    sync.router,
    resellers.router,
    quotas.router,
    quotas.own,
    health.router,
    metrics.router,
)


def create_app(
    context: AppContext,
    lifespan: Lifespan,
    tls: Callable[[], SSLContext] | None = None,
) -> Starlette:
    """The application of a running program, whose life `lifespan` is.

    tls: what the pages trust now, for requests to the identity provider; None for no pages.
    """
    routes = _api_routes(context)
    site = create_site(context, tls) if tls else None
    app = Starlette(
        routes=[*routes, *_otherwise(routes)],
        lifespan=lifespan,
        middleware=[
            Middleware(Edge, **_edge(context, routes, site)),
            Middleware(AsyncExitStackMiddleware),  # FastAPI's routes need it.
        ],
        exception_handlers=dict.fromkeys(
            (ResellerWebhooksError, RequestValidationError, HTTPException), respond_to_error
        ),
    )
    app.router.redirect_slashes = False
    app.state.context, app.state.views = context, ConcurrencyLimit(delivery_stream.STREAMS_MAX)
    app.state.readers = ConcurrencyLimit(event_feed.READERS_MAX)
    app.state.exposition = metrics.Exposition(context)
    if site:
        app.state.site = site
        app.router.default = create_router()
    return app


def _api_routes(context: AppContext) -> list[BaseRoute]:
    public_url = context.settings.public_url
    document = openapi.Document(public_url, [one for each in ROUTERS for one in each.routes])
    return [
        *(one for each in ROUTERS for one in each.routes),
        Route("/docs", docs.page(document.get).answer),
        *schema_documents.routes(public_url, document.get),
    ]


def _edge(
    context: AppContext, routes: Sequence[BaseRoute], site: SiteContext | None
) -> dict[str, Any]:
    """The arguments of the edge."""
    settings, errors = context.settings, ProblemResponses(context)
    is_https = settings.public_url.startswith("https://")
    anonymous = FairQueue(
        settings.limit_anonymous_requests, settings.limit_anonymous_requests_per_address
    )
    verified = FairQueue(
        RESELLER_REQUESTS_AT_ONCE, settings.limit_reseller_requests_at_once, YIELD_TO_PLATFORM_S
    )
    return {
        "turns": Turns(anonymous, verified),
        "check_host": HostCheck(settings.public_url, settings.allowed_hosts).check,
        "authenticate": ApiAuth(context).authenticate,
        "headers": encoded(DEFAULTS | (HSTS if is_https else {})),
        "api": Surface(errors, encoded(NOT_KEPT)),
        "surface_of": _surfaces(errors, routes, site),
        "template_of": partial(_template, routes),
        "direct": {
            (method, route.path): route
            for route in changes.router.routes
            if isinstance(route, APIRoute)
            for method in route.methods or ()
        },
        "metrics_port": settings.metrics_port,
    }


def _surfaces(
    errors: ProblemResponses, routes: Sequence[BaseRoute], site: SiteContext | None
) -> Callable[[Scope], Surface]:
    """The surface of each request that is not under /api/: other paths of the API, or the pages."""
    others = Surface(errors)
    pages = pages_surface(site) if site else others
    beside = [one for one in routes if isinstance(one, Route) and API_PREFIX not in one.path]

    def surface_of(scope: Scope) -> Surface:
        is_page = scope["path"].startswith("/") and _template(beside, scope) is None
        return pages if is_page else others

    return surface_of


async def respond_to_error(request: Request, error: Exception) -> Response:
    """The response of the surface that a request was for."""
    surface: Surface = request.state.surface
    return surface.errors.respond(request, error)


def _paths(routes: Sequence[BaseRoute]) -> set[str]:
    return {route.path for route in routes if isinstance(route, Route)}


def _template(routes: Sequence[BaseRoute], scope: Scope) -> str | None:
    """The route's template of a request that was refused before a route was taken."""
    paths = (
        route.path
        for route in routes
        if isinstance(route, Route) and route.matches(scope)[0] is not Match.NONE
    )
    return next(paths, None)


def _otherwise(routes: Sequence[BaseRoute]) -> Iterator[Route]:
    """Routes for paths without a route: everything under /api/, else other methods of known
    paths."""
    nowhere = _Nowhere(routes)
    yield Route(CATCH_ALL, nowhere)
    for path in _paths(routes):
        if not path.startswith(API_PREFIX):
            yield Route(path, nowhere)


class _Nowhere:
    """Says that there is nothing, or which methods there are."""

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        methods = self._methods(scope)
        if not methods:
            raise no_such_path(scope["path"])
        if scope["method"] != "OPTIONS":
            raise WrongMethod(scope["method"], methods)
        await Response(status_code=204, headers={"allow": ", ".join(methods)})(scope, receive, send)

    def _methods(self, scope: Scope) -> list[str]:
        found = {
            method
            for route in self._routes
            if isinstance(route, Route) and route.matches(scope)[0] is not Match.NONE
            for method in route.methods or ()
        }
        more = {"HEAD", "OPTIONS"} if "GET" in found else {"OPTIONS"} if found else set()
        return sorted(found | more)
