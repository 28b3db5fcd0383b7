"""A surface of the program, the API or the pages: how errors look there."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from reseller_webhooks.core.errors import ResellerWebhooksError
from reseller_webhooks.http.edge.response_headers import RawHeaders


class ErrorResponses(Protocol):
    """Makes responses of errors."""

    def respond(self, request: Request, error: Exception) -> Response:
        """Respond to a request that failed on purpose, and log what an operator has to know."""

    def render(self, error: ResellerWebhooksError) -> Response:
        """The error as a response."""

    def unexpected(self) -> Response:
        """The response to a fault of our own: it says nothing, the log says all."""


@dataclass(frozen=True, slots=True)
class Surface:
    """The common properties of a group of paths.

    headers: of each response, whatever its route sets. defaults: unless its route sets them.
    prepare: takes from a request what its responses depend on, such as the language.
    """

    errors: ErrorResponses
    headers: RawHeaders = field(default_factory=list)
    defaults: RawHeaders = field(default_factory=list)
    prepare: Callable[[Scope], None] | None = None
