"""The answers of the server itself: which limit, its value and what to do (RFC 9457)."""

import json
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus

from reseller_ingress.limits import Limits

RETRY_AFTER_S = 5


class RefusalReason(StrEnum):
    """Reasons for refusing a request or a connection; labels of the metric."""

    INVALID = "invalid"
    HOST = "host"
    REQUEST_LINE = "request_line"
    HEADERS = "headers"
    HEADER_FIELDS = "header_fields"
    HEADERS_LATE = "headers_late"
    CONNECTIONS = "connections"
    CONNECTIONS_PER_ADDRESS = "connections_per_address"


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer. setting: the limit's name after LIMIT_, empty if it has none."""

    status: HTTPStatus
    problem: str
    remedy: str
    setting: str = ""

    def text(self, limits: Limits) -> str:
        """One sentence for the client."""
        value = f"{getattr(limits, self.setting):g}" if self.setting else ""
        name = f" ({limits.prefix}LIMIT_{self.setting.upper()})" if limits.prefix and value else ""
        return f"{self.problem.format(value)}{name}; {self.remedy}"

    def response(self, limits: Limits) -> bytes:
        """The whole response; the connection ends after it."""
        body = json.dumps(
            {
                "type": "about:blank",
                "title": self.status.phrase,
                "status": int(self.status),
                "detail": self.text(limits),
            }
        ).encode()
        head = [
            f"HTTP/1.1 {int(self.status)} {self.status.phrase}",
            "content-type: application/problem+json",
            "x-content-type-options: nosniff",
            f"content-length: {len(body)}",
            "connection: close",
        ]
        if self.status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
            head.append(f"retry-after: {RETRY_AFTER_S}")
        return "\r\n".join([*head, "", ""]).encode() + body


_SHORTER = "send fewer or shorter header fields"
REFUSALS = {
    RefusalReason.INVALID: Refusal(
        HTTPStatus.BAD_REQUEST,
        "the request does not follow HTTP/1.1",
        "send one that RFC 9112 allows",
    ),
    RefusalReason.HOST: Refusal(
        HTTPStatus.BAD_REQUEST,
        "the Host field is not one host name or address with an optional port, or not the host of "
        "the request's URL",
        "send one such as hooks.example.com:8000",
    ),
    RefusalReason.REQUEST_LINE: Refusal(
        HTTPStatus.REQUEST_URI_TOO_LONG,
        "the request line is longer than the limit of {} bytes",
        "send a shorter URL",
        "header_bytes",
    ),
    RefusalReason.HEADERS: Refusal(
        HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
        "request line and header fields are longer than the limit of {} bytes",
        _SHORTER,
        "header_bytes",
    ),
    RefusalReason.HEADER_FIELDS: Refusal(
        HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
        "the request has more header fields than the limit of {}",
        "send fewer header fields",
        "header_fields",
    ),
    RefusalReason.HEADERS_LATE: Refusal(
        HTTPStatus.REQUEST_TIMEOUT,
        "the header fields did not come to their end within the limit of {} seconds",
        "send them at once",
        "headers_within_s",
    ),
    RefusalReason.CONNECTIONS: Refusal(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "the server has as many connections as its limit of {}",
        "try again later",
        "connections",
    ),
    RefusalReason.CONNECTIONS_PER_ADDRESS: Refusal(
        HTTPStatus.TOO_MANY_REQUESTS,
        "this address has as many connections as the limit of {} for each",
        "use fewer connections, and use each for many requests",
        "connections_per_address",
    ),
}
