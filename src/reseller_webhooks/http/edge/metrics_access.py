"""Access to /metrics: public, by a token, or on a port of its own."""

from hmac import compare_digest

from starlette.datastructures import Headers
from starlette.types import Scope

from reseller_webhooks.core.errors import NotSignedIn
from reseller_webhooks.core.messages.access import METRICS_TOKEN_MISSING
from reseller_webhooks.core.messages.requests import PATH_UNKNOWN_ON_PORT
from reseller_webhooks.http.edge.api_keys import bearer_token
from reseller_webhooks.http.edge.problems import NoSuchPath

PATH = "/metrics"


def check_token(headers: Headers, token: str) -> None:
    """NotSignedIn unless the request shows the token; without a token everybody may scrape."""
    if token and not compare_digest(bearer_token(headers).encode(), token.encode()):
        raise NotSignedIn(METRICS_TOKEN_MISSING())


def check_port(scope: Scope, port: int) -> None:
    """NoSuchPath unless a request came in by the right port: /metrics by its own, if it has one.

    port: of the metrics, 0 if they have none.
    """
    _, own = scope.get("server") or ("", None)
    if port and (own == port) != (scope["path"] == PATH):
        raise NoSuchPath(PATH_UNKNOWN_ON_PORT())
