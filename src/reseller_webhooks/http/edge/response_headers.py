"""Headers of responses: security headers, and whether a response may be kept."""

from collections.abc import Iterable, Mapping

from starlette.responses import Response

DEFAULTS = {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
"""Headers of other responses than pages: a browser shows them as data, without scripts."""
HSTS = {"strict-transport-security": "max-age=63072000"}
"""Two years, as the preload list asks (RFC 6797); not for other hosts of the domain."""
_PAGE_POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "script-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
OF_PAGES = {
    "content-security-policy": _PAGE_POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
"""Own scripts only, no frames."""
NOT_KEPT = {"cache-control": "no-store"}

RawHeaders = list[tuple[bytes, bytes]]


def encoded(headers: Mapping[str, str]) -> RawHeaders:
    """Headers as ASGI messages have them."""
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]


def replaced(raw: RawHeaders, headers: RawHeaders) -> RawHeaders:
    """The headers of a response with these set, whatever they were."""
    names = {name for name, _ in raw}
    if any(name in names for name, _ in headers):
        values = dict(headers)
        raw = [(name, values.get(name, value)) for name, value in raw]
    return [*raw, *(pair for pair in headers if pair[0] not in names)]


def completed(raw: RawHeaders, headers: Iterable[tuple[bytes, bytes]]) -> RawHeaders:
    """The headers of a response with those of these that it does not have."""
    names = {name for name, _ in raw}
    return [*raw, *(pair for pair in headers if pair[0] not in names)]


def with_retry_after(response: Response, seconds: int) -> Response:
    """The same response, which says when to try again if waiting helps."""
    if seconds:
        response.headers["retry-after"] = str(seconds)
    return response
