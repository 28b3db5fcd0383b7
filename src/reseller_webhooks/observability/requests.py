"""Counts and times every HTTP request at the edge, by route template, method and status class.

Labels are bounded: a path without a route is UNMATCHED, whatever it says.
"""

from collections.abc import Callable

from prometheus_client import Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reseller_webhooks.clock import monotonic_s
from reseller_webhooks.observability import registry

UNMATCHED = "unmatched"
OTHER = "other"
NO_ANSWER = "none"
"""The status class of a request whose client left before it was answered."""
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
EVENT_STREAM = b"text/event-stream"
KEY = "reseller_webhooks.request"
"""Where a request's scope carries its record; copies of the scope carry the same one."""

request_seconds = Histogram(
    "reseller_webhooks_http_request_duration_seconds",
    "Duration of HTTP requests to the pages and the API, from the request's head to the end of the "
    "response; of a live stream to the head of the response.",
    ["route", "method", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    registry=registry,
)
_observers: dict[tuple[str, str, int], Callable[[float], None]] = {}


class RequestMetrics:
    """Middleware outside every other that may answer a request.

    template_of: the template that a path has, for requests that are refused before a route is
    taken or by the route catch_all.
    """

    def __init__(
        self, app: ASGIApp, template_of: Callable[[Scope], str | None], catch_all: str
    ) -> None:
        self._app = app
        self._template_of = template_of
        self._catch_all = catch_all

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and observe it once."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = _Request(scope["method"], send)
        scope[KEY] = request
        try:
            await self._app(scope, receive, request.send)
        finally:
            if not request.is_observed:
                request.observe(self._template(request, scope))

    def _template(self, request: "_Request", scope: Scope) -> str | None:
        template = request.template
        if template is None or template == self._catch_all:
            return self._template_of(scope)
        return template


class RouteRecorder:
    """The innermost middleware of an application with routes: notes which of them was taken."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; the router writes the route into this scope."""
        request: _Request | None = scope.get(KEY)
        if request is not None:
            request.scopes.append(scope)
        await self._app(scope, receive, send)


class _Request:
    """One request under way. scopes: those that routers wrote to, the innermost last."""

    __slots__ = ("_method", "_send", "_start_s", "_status", "is_observed", "scopes")

    def __init__(self, method: str, send: Send) -> None:
        self._method = method if method in METHODS else OTHER
        self._send = send
        self._status = 0
        self._start_s = monotonic_s()
        self.is_observed = False
        self.scopes: list[Scope] = []

    @property
    def template(self) -> str | None:
        """The template of the route that was taken, if any was."""
        paths = (getattr(scope.get("route"), "path", None) for scope in reversed(self.scopes))
        return next(filter(None, paths), None)

    async def send(self, message: Message) -> None:
        """Pass a message on; a stream is observed when it begins, since it may last for days."""
        if message["type"] == "http.response.start":
            self._status = message["status"] // 100
            if _is_stream(message):
                self.observe(self.template)
        await self._send(message)

    def observe(self, template: str | None) -> None:
        """Add this request to the histogram."""
        self.is_observed = True
        labels = (template or UNMATCHED, self._method, self._status)
        observer = _observers.get(labels) or _new_observer(labels)
        observer(monotonic_s() - self._start_s)


def _new_observer(labels: tuple[str, str, int]) -> Callable[[float], None]:
    route, method, status = labels
    name = f"{status}xx" if status else NO_ANSWER
    observer: Callable[[float], None] = request_seconds.labels(route, method, name).observe
    _observers[labels] = observer
    return observer


def _is_stream(message: Message) -> bool:
    return any(
        name == b"content-type" and value.startswith(EVENT_STREAM)
        for name, value in message.get("headers", ())
    )
