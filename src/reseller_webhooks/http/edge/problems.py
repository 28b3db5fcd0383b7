"""Errors as answers (RFC 9457). The only place that knows status numbers for them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import orjson
from starlette.responses import Response

from reseller_webhooks.core.errors import (
    Conflict,
    CursorExpired,
    FanOutFull,
    Invalid,
    KeyReused,
    NotAllowed,
    NotFound,
    NotSignedIn,
    Outdated,
    Problem,
    QuotaExceeded,
    Refused,
    ResellerWebhooksError,
    SecretUnreadable,
    TooManyJobs,
    Unavailable,
)
from reseller_webhooks.core.messages import Message
from reseller_webhooks.core.messages.requests import (
    MANY_THINGS_WRONG,
    METHOD_WRONG,
    THINGS_WRONG,
    UNEXPECTED_FAULT,
)
from reseller_webhooks.http.edge import rate_limit_fields
from reseller_webhooks.ingest.parsing import ERRORS_MAX

MEDIA_TYPE = "application/problem+json"


class Malformed(ResellerWebhooksError):
    """The body is not JSON."""


class NotJson(ResellerWebhooksError):
    """The body's content type is not one that the API reads."""


class TooLarge(ResellerWebhooksError):
    """The body is longer than the API reads."""


class TooSlow(ResellerWebhooksError):
    """The body did not come within the time that the API waits for it."""


class TooManyRequests(ResellerWebhooksError):
    """More requests of one address or reseller came at once than are handled at once."""

    retry_after_s = 1


class NoSuchPath(ResellerWebhooksError):
    """Nothing is at this path."""


class Misdirected(ResellerWebhooksError):
    """The request is for a foreign host name."""


class WrongMethod(ResellerWebhooksError):
    """The path is right, but it is not for this method."""

    def __init__(self, method: str, allowed: list[str]) -> None:
        self.allowed = ", ".join(allowed)
        super().__init__(METHOD_WRONG(method=method, allowed=self.allowed))


@dataclass(frozen=True, slots=True)
class ProblemType:
    """The problem type of an error. name: the last part of its URI."""

    name: str
    status: int
    title: str

    @property
    def type(self) -> str:
        """The problem's type: where it is explained, seen from the API."""
        return f"/docs#{self.name}"


PROBLEMS: dict[type[ResellerWebhooksError], ProblemType] = {
    Malformed: ProblemType("malformed", 400, "Malformed JSON"),
    NotSignedIn: ProblemType("not-signed-in", 401, "No valid API key"),
    NotAllowed: ProblemType("not-allowed", 403, "Not allowed"),
    NotFound: ProblemType("not-found", 404, "Not found"),
    NoSuchPath: ProblemType("no-such-path", 404, "No such path"),
    WrongMethod: ProblemType("wrong-method", 405, "Wrong method"),
    TooSlow: ProblemType("too-slow", 408, "Body too slow"),
    Misdirected: ProblemType("misdirected", 421, "Not a host of this service"),
    Conflict: ProblemType("conflict", 409, "Conflict"),
    SecretUnreadable: ProblemType("secret-unreadable", 409, "A stored secret cannot be read"),
    TooManyJobs: ProblemType("too-many-jobs", 409, "Too many jobs"),
    CursorExpired: ProblemType("cursor-expired", 410, "Cursor expired"),
    Outdated: ProblemType("outdated", 412, "Changed meanwhile"),
    TooLarge: ProblemType("too-large", 413, "Body too large"),
    NotJson: ProblemType("not-json", 415, "Not JSON"),
    Invalid: ProblemType("invalid", 422, "Invalid input"),
    KeyReused: ProblemType("key-reused", 422, "Idempotency-Key reused"),
    QuotaExceeded: ProblemType("quota-exceeded", 429, "Quota exceeded"),
    TooManyRequests: ProblemType("too-many-requests", 429, "Too many requests at once"),
    Refused: ProblemType("refused", 500, "The installation has to be mended"),
    FanOutFull: ProblemType("fan-out-full", 503, "Too many fan-outs are pending"),
    Unavailable: ProblemType("unavailable", 503, "Unavailable"),
}
UNEXPECTED = ProblemType("unexpected", 500, "Unexpected error")


def status_of(error: ResellerWebhooksError) -> int:
    """The status that answers an error, on pages as in the API."""
    kinds = (PROBLEMS[kind] for kind in type(error).__mro__ if kind in PROBLEMS)
    return next(kinds, UNEXPECTED).status


def answer(error: ResellerWebhooksError) -> Response:
    """The response to an error."""
    return _response(PROBLEMS[type(error)], _told(error), _headers(error))


def unexpected() -> Response:
    """The answer to a fault of our own: it says nothing, the log says all."""
    return _response(UNEXPECTED, _of_message(UNEXPECTED_FAULT()))


def of_framework(status: int, headers: Mapping[str, str] | None) -> Response:
    """The answer when it is the framework that refused a request."""
    title = HTTPStatus(status).phrase
    return _response(ProblemType("unexpected", status, title), {"detail": title.lower()}, headers)


def raises(*errors: type[ResellerWebhooksError]) -> dict[int | str, dict[str, Any]]:
    """OpenAPI's description of a route's problems, for its `responses`."""
    told: dict[int | str, dict[str, Any]] = {}
    for error in errors:
        kind = PROBLEMS[error]
        words = [told[kind.status]["description"]] if kind.status in told else []
        told[kind.status] = {
            "description": ", or ".join([*words, kind.title]),
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    return told


def _told(error: ResellerWebhooksError) -> dict[str, Any]:
    match error:
        case Invalid():
            return _of_invalid(error)
        case QuotaExceeded():
            return _of_quota(error)
        case FanOutFull():
            return _of_message(error.message) | _errors(error.problems)
    return _of_message(error.message)


def _of_message(message: Message) -> dict[str, Any]:
    return {"detail": str(message)}


def _of_invalid(error: Invalid) -> dict[str, Any]:
    message = error.message if len(error.problems) == 1 else _count(len(error.problems))
    return _of_message(message) | _errors(error.problems)


def _of_quota(error: QuotaExceeded) -> dict[str, Any]:
    told = _of_message(error.message) | {"violated-policies": [error.quota.value]}
    return told | _errors([Problem(place, error.message) for place in error.places])


def _errors(problems: Sequence[Problem]) -> dict[str, Any]:
    shown = problems[:ERRORS_MAX]
    errors = [{"pointer": one.pointer, **_of_message(one.message)} for one in shown]
    return {"errors": errors} if errors else {}


def _count(problems: int) -> Message:
    if problems > ERRORS_MAX:
        return MANY_THINGS_WRONG(most=ERRORS_MAX)
    return THINGS_WRONG(count=problems)


def _headers(error: ResellerWebhooksError) -> dict[str, str]:
    match error:
        case NotSignedIn():
            return {"www-authenticate": "Bearer"}
        case WrongMethod():
            return {"allow": error.allowed}
        case TooSlow():  # What may still come is not read (RFC 9110, 15.5.9).
            return {"connection": "close"}
        case QuotaExceeded():
            return rate_limit_fields.of_refusal(error)
        case TooManyRequests() | Unavailable():
            return {"retry-after": str(error.retry_after_s)}
    return {}


def _response(
    kind: ProblemType, body: dict[str, Any], headers: Mapping[str, str] | None = None
) -> Response:
    head = {"type": kind.type, "title": kind.title, "status": kind.status}
    return Response(orjson.dumps(head | body), kind.status, headers, MEDIA_TYPE)
