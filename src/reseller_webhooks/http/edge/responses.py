"""Responses of last resort and common headers: problems for errors, deadlines, rate limits."""

from collections.abc import Collection

import structlog
from anyio import CancelScope
from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reseller_webhooks.core.errors import ResellerWebhooksError, Unavailable
from reseller_webhooks.core.messages.requests import PATH_WITH_NUL, TOO_LONG
from reseller_webhooks.http.edge import problems, rate_limit_fields
from reseller_webhooks.http.edge.api_auth import API_PREFIX, allowance_of
from reseller_webhooks.http.edge.problems import NoSuchPath
from reseller_webhooks.http.edge.request_deadline import answer_within
from reseller_webhooks.http.edge.sse import is_event_stream, send_until_closed

log = structlog.get_logger()


class Responses:
    """Middleware: answers errors as problems, and requests of the API within the deadline.

    paths: of the API, beside all under /api/; pages have a deadline of their own.
    """

    def __init__(self, app: ASGIApp, paths: Collection[str] = ()) -> None:
        self._app, self._paths = app, paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, with a state of its own."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope = {**scope, "state": dict(scope.get("state", {}))}
        if scope["path"].startswith(API_PREFIX) or scope["path"] in self._paths:
            await answer_within(self._answer, scope, receive, send, late=_late)
        else:
            await self._answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        with CancelScope() as work:
            await self._pass(scope, receive, _Response(scope, send, work))

    async def _pass(self, scope: Scope, receive: Receive, response: "_Response") -> None:
        try:
            _refuse_nul(scope)
            await self._app(scope, receive, response.send)
        except ResellerWebhooksError as error:
            await problems.answer(error)(scope, receive, response.send)
        except ClientDisconnect:
            log.debug("a client hung up before its request was read", path=scope["path"])
        except Exception:
            log.exception("a request failed", method=scope["method"], path=scope["path"])
            if response.is_started:
                raise
            await problems.unexpected()(scope, receive, response.send)


class _Response:
    """The response to a request. work: cancelled when its connection is closed."""

    def __init__(self, scope: Scope, send: Send, work: CancelScope) -> None:
        self._scope, self._send, self._work = scope, send, work
        self.is_started = False

    async def send(self, message: Message) -> None:
        """Send a message on, with the API's headers."""
        if self._work.cancel_called:
            return
        if message["type"] == "http.response.start":
            self._start(message)
        await self._send(message)

    def _start(self, message: Message) -> None:
        self.is_started = True
        if is_event_stream(message):
            self._send = send_until_closed(self._send, self._work)
        headers = MutableHeaders(scope=message)
        if allowance := allowance_of(self._scope):
            for name, value in rate_limit_fields.of_allowance(allowance).items():
                headers.setdefault(name, value)
        if self._scope["path"].startswith(API_PREFIX):
            headers["cache-control"] = "no-store"


def _refuse_nul(scope: Scope) -> None:
    if "\0" in scope["path"] or b"%00" in scope["query_string"]:
        raise NoSuchPath(PATH_WITH_NUL())


def _late() -> Response:
    answer = problems.answer(Unavailable(TOO_LONG()))
    answer.headers["cache-control"] = "no-store"
    return answer
