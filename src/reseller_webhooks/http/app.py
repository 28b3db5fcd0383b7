"""The web application: the API's routes behind the middleware of API and pages."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from http import HTTPStatus
from threading import Lock
from typing import Any

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Receive, Scope, Send

from reseller_ingress import FairQueue
from reseller_webhooks import __version__
from reseller_webhooks.core.errors import Refused, ResellerWebhooksError, Unavailable
from reseller_webhooks.core.messages.requests import PATH_UNKNOWN
from reseller_webhooks.core.text import truncate
from reseller_webhooks.http.api import docs, openapi
from reseller_webhooks.http.api.routes import (
    backfills,
    changes,
    deliveries,
    delivery_stream,
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
from reseller_webhooks.http.api.validation_errors import invalid
from reseller_webhooks.http.edge import problems
from reseller_webhooks.http.edge.anonymous_limits import (
    ALWAYS_ANSWERED,
    too_late,
    too_late_of_reseller,
)
from reseller_webhooks.http.edge.anonymous_requests import AnonymousTurns
from reseller_webhooks.http.edge.api_auth import API_PREFIX, ApiAuth
from reseller_webhooks.http.edge.body_limits import BodyLimits
from reseller_webhooks.http.edge.head import HeadAsGet
from reseller_webhooks.http.edge.host_check import HostCheck
from reseller_webhooks.http.edge.metrics_access import MetricsPort
from reseller_webhooks.http.edge.problems import NoSuchPath, WrongMethod
from reseller_webhooks.http.edge.request_threads import RESELLER_REQUESTS_AT_ONCE
from reseller_webhooks.http.edge.responses import Responses
from reseller_webhooks.http.edge.security_headers import SecurityHeaders
from reseller_webhooks.observability.requests import RequestMetrics, RouteRecorder
from reseller_webhooks.operations.concurrency import ConcurrencyLimit
from reseller_webhooks.operations.context import AppContext

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]

ROUTERS = (
    changes.router,
    records.router,
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
ANYTHING_UNDER_API = "/api/{rest:path}"

log = structlog.get_logger()


class Api(FastAPI):
    """FastAPI, with our own description of the API."""

    building: Lock

    def openapi(self) -> dict[str, Any]:
        """The document of /openapi.json."""
        with self.building:
            if self.openapi_schema is None:
                self.openapi_schema = openapi.document(self, self.state.context.settings.public_url)
            return self.openapi_schema


def create_api(context: AppContext, lifespan: Lifespan) -> FastAPI:
    """The API over a running program, whose life `lifespan` is."""

    def document() -> dict[str, Any]:
        return app.openapi()

    routes = [
        Route("/docs", docs.page(document).answer),
        *schema_documents.routes(context.settings.public_url, document),
        *(one for router in ROUTERS for one in router.routes),
    ]
    app = Api(
        title="Reseller Webhooks",
        version=__version__,
        routes=[*routes, *_otherwise(routes)],
        lifespan=lifespan,
        openapi_url=None,  # it is one of our routes
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        exception_handlers={
            ResellerWebhooksError: _refused,
            RequestValidationError: _invalid,
            HTTPException: _of_framework,
        },
    )
    app.state.context, app.state.views = context, ConcurrencyLimit(delivery_stream.STREAMS_MAX)
    app.state.readers = ConcurrencyLimit(event_feed.READERS_MAX)
    app.building = Lock()
    app.state.exposition = metrics.Exposition(context)
    _add_middleware(app, context, routes)
    return app


def _add_middleware(app: FastAPI, context: AppContext, routes: Sequence[BaseRoute]) -> None:
    """From the innermost, which sees a request last."""
    app.add_middleware(RouteRecorder)
    app.add_middleware(BodyLimits)
    app.add_middleware(ApiAuth, context=context)
    app.add_middleware(Responses, paths=_paths(routes))
    app.add_middleware(HeadAsGet)
    settings = context.settings
    app.add_middleware(HostCheck, public_url=settings.public_url, allowed=settings.allowed_hosts)
    queue = FairQueue(
        settings.limit_anonymous_requests, settings.limit_anonymous_requests_per_address
    )
    app.add_middleware(
        AnonymousTurns,
        queue=queue,
        verified_queue=FairQueue(
            RESELLER_REQUESTS_AT_ONCE, settings.limit_reseller_requests_at_once
        ),
        late=too_late,
        verified_late=too_late_of_reseller,
        exempt=ALWAYS_ANSWERED,
    )
    if settings.metrics_port:
        app.add_middleware(MetricsPort, port=settings.metrics_port)
    app.add_middleware(
        RequestMetrics, template_of=partial(_template, routes), catch_all=ANYTHING_UNDER_API
    )
    app.add_middleware(SecurityHeaders, is_https=settings.public_url.startswith("https://"))


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
    yield Route(ANYTHING_UNDER_API, nowhere)
    for path in _paths(routes):
        if not path.startswith(API_PREFIX):
            yield Route(path, nowhere)


async def _refused(request: Request, error: Any) -> Response:
    if isinstance(error, Unavailable):
        context: AppContext = request.app.state.context
        context.database.outage.refused_request(error, path=request.url.path)
    elif isinstance(error, Refused):
        log.error("a request was refused", path=request.url.path, reason=str(error))
    return problems.answer(error)


async def _invalid(_: Request, error: Any) -> Response:
    return problems.answer(invalid(one | {"loc": one["loc"][1:]} for one in error.errors()))


async def _of_framework(request: Request, error: Any) -> Response:
    if error.status_code == HTTPStatus.NOT_FOUND:
        return problems.answer(_not_found(request.url.path))
    return problems.of_framework(error.status_code, error.headers)


def _not_found(path: str) -> NoSuchPath:
    return NoSuchPath(PATH_UNKNOWN(path=truncate(path)))


class _Nowhere:
    """Says that there is nothing, or which methods there are."""

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        methods = self._methods(scope)
        if not methods:
            raise _not_found(scope["path"])
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
