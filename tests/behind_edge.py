"""An application of a test behind the edge, which admits whoever comes."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from reseller_ingress import FairQueue
from reseller_webhooks.core.errors import ResellerWebhooksError
from reseller_webhooks.http.edge import problems
from reseller_webhooks.http.edge.anonymous_requests import Turns
from reseller_webhooks.http.edge.edge import Edge
from reseller_webhooks.http.edge.exchange import Exchange
from reseller_webhooks.http.edge.surface import Surface


class Problems:
    """Errors as problems."""

    def respond(self, request: Request, error: Exception) -> Response:
        raise AssertionError(request.url.path) from error

    def render(self, error: ResellerWebhooksError) -> Response:
        return problems.answer(error)

    def unexpected(self) -> Response:
        return problems.unexpected()


async def _admit(_: Exchange) -> None:
    pass


def behind_edge(app: ASGIApp, **given: Any) -> Edge:
    """The application behind an edge. given: what matters to the test."""
    surface = Surface(Problems())
    defaults: dict[str, Any] = {
        "turns": Turns(FairQueue(10, 10), FairQueue(10, 10)),
        "check_host": lambda _: None,
        "authenticate": _admit,
        "headers": [],
        "api": surface,
        "surface_of": lambda _: surface,
        "direct": {},
        "template_of": lambda _: None,
    }
    return Edge(app, **(defaults | given))
