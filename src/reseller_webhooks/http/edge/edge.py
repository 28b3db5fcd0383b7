"""The edge: what each request passes before a route, and each response after it."""

from collections.abc import Awaitable, Callable, Mapping

import structlog
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reseller_webhooks.core.errors import ResellerWebhooksError
from reseller_webhooks.core.messages.requests import PATH_WITH_NUL
from reseller_webhooks.http.edge import metrics_access, problems, rate_limit_fields
from reseller_webhooks.http.edge.anonymous_requests import Turns
from reseller_webhooks.http.edge.api_auth import API_PREFIX, allowance_of
from reseller_webhooks.http.edge.body_limits import body_bytes_max
from reseller_webhooks.http.edge.exchange import Exchange
from reseller_webhooks.http.edge.problems import NoSuchPath
from reseller_webhooks.http.edge.response_headers import (
    RawHeaders,
    completed,
    encoded,
    replaced,
)
from reseller_webhooks.http.edge.surface import Surface

CATCH_ALL = "/api/{rest:path}"
"""The route of what no other route of the API takes."""

log = structlog.get_logger()


class Edge:
    """The one middleware of the application.

    check_host: raises Misdirected for a request to another host. authenticate: verifies the key of
    a request under /api/. api: the surface of these. surface_of: the surface of any other request.
    template_of: the template of a path, for the metrics of requests that no route took. direct:
    routes by method and path whose handlers are called without the router.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        turns: Turns,
        check_host: Callable[[Scope], None],
        authenticate: Callable[[Exchange], Awaitable[None]],
        headers: RawHeaders,
        api: Surface,
        surface_of: Callable[[Scope], Surface],
        template_of: Callable[[Scope], str | None],
        direct: Mapping[tuple[str, str], APIRoute],
        metrics_port: int = 0,
    ) -> None:
        self._app = app
        self._turns, self._check_host, self._authenticate = turns, check_host, authenticate
        self._headers, self._metrics_port = headers, metrics_port
        self._api, self._surface_of, self._template_of = api, surface_of, template_of
        self._direct = {key: (route, route.get_route_handler()) for key, route in direct.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        turn = self._turns.turn_of(scope)
        exchange = Exchange(scope, receive, send, turn=turn, on_start=self._start)
        try:
            await self._admit(exchange)
        finally:
            turn.end()
            self._observe(exchange)

    async def _admit(self, exchange: Exchange) -> None:
        """Serve a request in its turn, if it came to the right port and host."""
        scope = exchange.scope
        try:
            if self._metrics_port:
                metrics_access.check_port(scope, self._metrics_port)
            await exchange.turn.enter()
            self._check_host(scope)
        except ResellerWebhooksError as error:
            await exchange.respond(problems.answer(error))
            return
        is_api = scope["path"].startswith(API_PREFIX)
        surface = self._api if is_api else self._surface_of(scope)
        if surface.prepare:
            surface.prepare(scope)
        exchange.begin(surface)
        try:
            with exchange.work:
                await self._serve(exchange, surface)
        finally:
            await exchange.end()

    async def _serve(self, exchange: Exchange, surface: Surface) -> None:
        """Respond to a request, whatever happens."""
        scope = exchange.scope
        try:
            await self._check(exchange)
            await self._route(exchange, surface)
        except ResellerWebhooksError as error:  # of a check; routes respond to theirs
            await exchange.respond(problems.answer(error))
        except ClientDisconnect:
            log.debug("a client hung up before its request was read", path=self._path(exchange))
        except Exception:
            log.exception("a request failed", method=scope["method"], path=self._path(exchange))
            if exchange.is_started:
                raise
            await exchange.respond(surface.errors.unexpected())

    async def _check(self, exchange: Exchange) -> None:
        scope = exchange.scope
        is_api = exchange.surface is self._api
        if "\0" in scope["path"] or (is_api and b"%00" in scope["query_string"]):
            raise NoSuchPath(PATH_WITH_NUL())
        if is_api:
            await self._authenticate(exchange)
        exchange.body_bytes_max = body_bytes_max(scope)

    async def _route(self, exchange: Exchange, surface: Surface) -> None:
        scope = exchange.scope
        found = self._direct.get((scope["method"], scope["path"]))
        if found is None:
            await self._app(scope, exchange.receive, exchange.send)
            return
        scope["route"], handler = found
        request = Request(scope, exchange.receive)
        try:
            response = await handler(request)
        except ResellerWebhooksError as error:
            response = surface.errors.respond(request, error)
        await exchange.respond(response)

    def _start(self, exchange: Exchange, message: Message) -> Message:
        """Note the status, and complete the headers."""
        exchange.timer.status = message["status"]
        if exchange.is_stream:  # It may last for days.
            self._observe(exchange)
        headers = message.get("headers", [])
        if allowance := allowance_of(exchange.scope):
            headers = completed(headers, encoded(rate_limit_fields.of_allowance(allowance)))
        if surface := exchange.surface:
            headers = completed(replaced(headers, surface.headers), surface.defaults)
        return {**message, "headers": completed(headers, self._headers)}

    def _observe(self, exchange: Exchange) -> None:
        exchange.timer.observe(self._path(exchange))

    def _path(self, exchange: Exchange) -> str | None:
        """The template of the path: the path of a sign-in link holds a secret."""
        template = getattr(exchange.scope.get("route"), "path", None)
        if template is None or template == CATCH_ALL:
            return self._template_of(exchange.scope)
        return str(template)
