"""Access to /metrics: public, by a token, or on a port of its own."""

from hmac import compare_digest

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from reseller_webhooks.core.errors import NotSignedIn
from reseller_webhooks.core.messages.access import METRICS_TOKEN_MISSING
from reseller_webhooks.core.messages.requests import PATH_UNKNOWN_ON_PORT
from reseller_webhooks.http.edge import problems
from reseller_webhooks.http.edge.api_keys import bearer_token
from reseller_webhooks.http.edge.problems import NoSuchPath

PATH = "/metrics"


def check_token(headers: Headers, token: str) -> None:
    """NotSignedIn unless the request shows the token; without a token everybody may scrape."""
    if token and not compare_digest(bearer_token(headers).encode(), token.encode()):
        raise NotSignedIn(METRICS_TOKEN_MISSING())


class MetricsPort:
    """On the metrics' own port nothing else answers, and on other ports the metrics do not."""

    def __init__(self, app: ASGIApp, port: int) -> None:
        self._app = app
        self._port = port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on if it came in by the right port."""
        if scope["type"] == "http" and self._is_own(scope) != (scope["path"] == PATH):
            error = NoSuchPath(PATH_UNKNOWN_ON_PORT())
            await problems.answer(error)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _is_own(self, scope: Scope) -> bool:
        _, port = scope.get("server") or ("", None)
        return bool(port == self._port)
