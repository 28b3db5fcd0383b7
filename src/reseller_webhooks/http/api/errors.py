"""Errors as problems: the API's responses to requests that failed."""

from typing import Any

import structlog
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from reseller_webhooks.core.errors import Refused, ResellerWebhooksError, Unavailable
from reseller_webhooks.core.messages.requests import PATH_UNKNOWN
from reseller_webhooks.core.text import truncate
from reseller_webhooks.http.api.validation_errors import invalid
from reseller_webhooks.http.edge import problems
from reseller_webhooks.http.edge.problems import NoSuchPath
from reseller_webhooks.operations.context import AppContext

NOT_FOUND = 404

log = structlog.get_logger()


class ProblemResponses:
    """The responses of the API."""

    def __init__(self, context: AppContext) -> None:
        self._outage = context.database.outage

    def respond(self, request: Request, error: Exception) -> Response:
        """The problem of an error, which is logged if an operator has to know."""
        match error:
            case RequestValidationError():
                return problems.answer(invalid(_without_source(one) for one in error.errors()))
            case HTTPException():
                return _of_framework(request, error)
            case ResellerWebhooksError():
                self._log(request, error)
                return problems.answer(error)
        raise error

    def render(self, error: ResellerWebhooksError) -> Response:
        """The problem of an error."""
        return problems.answer(error)

    def unexpected(self) -> Response:
        """The problem of a fault of our own."""
        return problems.unexpected()

    def _log(self, request: Request, error: ResellerWebhooksError) -> None:
        if isinstance(error, Unavailable):
            self._outage.refused_request(error, path=request.url.path)
        elif isinstance(error, Refused):
            log.error("a request was refused", path=request.url.path, reason=str(error))


def no_such_path(path: str) -> NoSuchPath:
    """The error of a path that no route takes."""
    return NoSuchPath(PATH_UNKNOWN(path=truncate(path)))


def _without_source(error: Any) -> dict[str, Any]:
    """A validation error whose location does not begin with the kind of the parameter."""
    return {**error, "loc": error["loc"][1:]}


def _of_framework(request: Request, error: HTTPException) -> Response:
    if error.status_code == NOT_FOUND:
        return problems.answer(no_such_path(request.url.path))
    return problems.of_framework(error.status_code, error.headers)
