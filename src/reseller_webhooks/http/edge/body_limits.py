"""What every request passes before a route sees it: how much it sends, and who sends it.

Under /api/ nothing answers without a key, whether or not a route asks who is calling.
"""

from collections.abc import Sequence
from math import inf

import structlog
from anyio import CancelScope, current_time
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reseller_webhooks.core.access.audit import Actor, ActorKind
from reseller_webhooks.core.errors import NotSignedIn, ResellerWebhooksError, Unavailable
from reseller_webhooks.core.messages.access import KEY_MISSING, KEY_REQUIRED
from reseller_webhooks.core.messages.requests import (
    BODY_TOO_LARGE,
    BODY_TOO_SLOW,
    PATH_WITH_NUL,
    TOO_LONG,
)
from reseller_webhooks.http.edge import anonymous_requests, problems, rate_limit_fields
from reseller_webhooks.http.edge.api_keys import ApiKeyCache, bearer_token
from reseller_webhooks.http.edge.problems import NoSuchPath, TooLarge, TooSlow
from reseller_webhooks.http.edge.request_deadline import answer_within
from reseller_webhooks.operations.authentication import Caller
from reseller_webhooks.operations.context import AppContext
from reseller_webhooks.operations.quotas import Allowance

UNDER = "/api/"
EVENT_STREAM = "text/event-stream"
BODY_BYTES_MAX = 1024 * 1024
CHANGES_PATH = "/api/v1/changes"
CHANGES_BYTES_MAX = 10 * 1024 * 1024
"""A thousand changes of the size that records usually have, several times over."""
BODY_WITHIN_S = 60.0
"""A body that is begun and never ends would keep its connection for good."""

log = structlog.get_logger()


class Gate:
    """Middleware in front of the API and the pages: body limits, API keys, HEAD, and problems.

    routes: the API's own; what else there is behind the gate knows best what HEAD may do to it.
    """

    def __init__(
        self,
        app: ASGIApp,
        context: AppContext,
        routes: Sequence[BaseRoute],
        body_within_s: float = BODY_WITHIN_S,
    ) -> None:
        self._app = app
        self._body_within_s = body_within_s
        self._routes = routes
        self._paths = {route.path for route in routes if isinstance(route, Route)}
        self._keys = ApiKeyCache(context.database)
        self._quotas = context.quotas

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer why not."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["path"].startswith(UNDER) or scope["path"] in self._paths:
            await answer_within(self._begin, scope, receive, send, late=_late)
        else:  # pages, which say it in their own way
            await self._begin(scope, receive, send)

    async def _begin(self, scope: Scope, receive: Receive, send: Send) -> None:
        with CancelScope() as turn:
            await self._pass(scope, receive, _Answer(scope, send, turn))

    async def _pass(self, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        try:
            passed = await self._admit(scope, answer)
            body = _limited(passed, _in_time(receive, self._body_within_s))
            await self._app(passed, body, answer.send)
        except ResellerWebhooksError as error:
            await problems.answer(error)(scope, receive, answer.send)
        except ClientDisconnect:
            log.debug("a client hung up before its request was read", path=scope["path"])
        except Exception:
            log.exception("a request failed", method=scope["method"], path=scope["path"])
            if answer.started:
                raise
            await problems.unexpected()(scope, receive, answer.send)

    async def _admit(self, scope: Scope, answer: "_Answer") -> Scope:
        if "\0" in scope["path"] or b"%00" in scope["query_string"]:
            raise NoSuchPath(PATH_WITH_NUL())
        passed = self._as_get(scope) if scope["method"] == "HEAD" else scope
        if scope["path"].startswith(UNDER):
            passed = await self._with_caller(passed, answer)
        announced = Headers(scope=scope).get("content-length", "")
        if announced.isdecimal() and int(announced[:20]) > _limit(scope):
            raise _too_large(scope)
        return passed

    def _as_get(self, scope: Scope) -> Scope:
        # HEAD is GET whose body the server keeps back; the server's own scope stays as it is.
        get = {**scope, "method": "GET"}
        is_ours = scope["path"].startswith(UNDER) or any(
            route.matches(get)[0] is Match.FULL for route in self._routes
        )
        return get if is_ours else scope

    async def _with_caller(self, scope: Scope, answer: "_Answer") -> Scope:
        key = _key(Headers(scope=scope))
        caller = await self._keys.caller(key)
        is_platform = caller.reseller_id is None
        await anonymous_requests.verified("" if is_platform else f"keys {caller.reseller_id}")
        if caller.reseller_id is not None:
            answer.allowance = self._quotas.take_request(caller.reseller_id)
        return {**scope, "state": {**scope.get("state", {}), "caller": caller, "key": key}}


def _late() -> Response:
    answer = problems.answer(Unavailable(TOO_LONG()))
    answer.headers["cache-control"] = "no-store"
    return answer


def caller_of(scope: Scope) -> Caller:
    """Who sent a request that passed the gate. NotSignedIn for one that came another way."""
    found = scope.get("state", {}).get("caller")
    if not isinstance(found, Caller):
        raise NotSignedIn(KEY_REQUIRED())
    return found


def actor_of(scope: Scope) -> Actor:
    """Who that is, for the audit log."""
    caller = scope.get("state", {}).get("caller")
    address = (scope.get("client") or ("",))[0]
    if isinstance(caller, Caller):
        return Actor(ActorKind.KEY, caller.name, address)
    return Actor(ActorKind.NOBODY, "", address)


def key_of(scope: Scope) -> str:
    """The key that a request which passed the gate has shown."""
    return str(scope["state"]["key"])


def _key(headers: Headers) -> str:
    key = bearer_token(headers)
    if not key:
        raise NotSignedIn(KEY_MISSING())
    return key


def _limit(scope: Scope) -> int:
    return CHANGES_BYTES_MAX if scope["path"] == CHANGES_PATH else BODY_BYTES_MAX


def _too_large(scope: Scope) -> TooLarge:
    return TooLarge(BODY_TOO_LARGE(most=_limit(scope)))


def _limited(scope: Scope, receive: Receive) -> Receive:
    """`receive`, for as many bytes as the path takes, whatever length was announced."""
    left = _limit(scope)

    async def counted() -> Message:
        nonlocal left
        message = await receive()
        left -= len(message.get("body", b""))
        if left < 0:
            raise _too_large(scope)
        return message

    return counted


def _in_time(receive: Receive, within_s: float) -> Receive:
    """`receive`, as long as the body comes; what comes after it may take any time."""
    until = current_time() + within_s

    async def timed() -> Message:
        nonlocal until
        message: Message = {}
        with CancelScope(deadline=until):
            message = await receive()
        if not message:
            raise TooSlow(BODY_TOO_SLOW(seconds=round(within_s)))
        if not message.get("more_body", False):
            until = inf
        return message

    return timed


class _Answer:
    """What goes back: started or not yet; nobody may store what the API answers.

    allowance: what is left of the caller's rate, which the answer tells.
    turn: what is under way for the request, and ends when there is nobody to answer any more.
    """

    def __init__(self, scope: Scope, send: Send, turn: CancelScope) -> None:
        self._send = send
        self._turn = turn
        self._is_stored = not scope["path"].startswith(UNDER)
        self._is_head = scope["method"] == "HEAD"
        self._is_stream = False
        self.started = False
        self.allowance: Allowance | None = None

    async def send(self, message: Message) -> None:
        if self._turn.cancel_called:
            return
        if message["type"] == "http.response.start":
            self._start(MutableHeaders(scope=message))
        if self._is_stream:
            await self._stream(message)
        else:
            await self._send(message)

    def _start(self, headers: MutableHeaders) -> None:
        self.started = True
        self._is_stream = headers.get("content-type", "").startswith(EVENT_STREAM)
        if self.allowance:
            for name, value in rate_limit_fields.of_allowance(self.allowance).items():
                headers.setdefault(name, value)
        if not self._is_stored:
            headers["cache-control"] = "no-store"

    async def _stream(self, message: Message) -> None:
        try:
            await self._send(message)
            if self._is_head:  # The body is kept back, so its end would never come.
                await self._send({"type": "http.response.body", "body": b""})
                self._turn.cancel()
        except (RuntimeError, OSError) as error:
            # The server tells only the last of several requests on a connection that it is closed.
            log.debug("a connection of a live view was closed", reason=str(error))
            self._turn.cancel()


def reseller_of(scope: Scope) -> int | None:
    """The reseller whose key was shown, by the store's number; None for any other request."""
    caller = scope.get("state", {}).get("caller")
    return caller.reseller_id if isinstance(caller, Caller) else None
