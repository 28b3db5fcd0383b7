"""Serialises requests; parses target URLs."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from reseller_webhooks.core.webhooks.target_url import check_url, host_of, literal_address

TARGETS_KEPT = 16_384
"""Checked and parsed URLs; a large installation has about as many webhooks."""
HTTPS = 443
HEAD_LINES = 4
"""Lines of a request without headers: request line, host, content-length, empty line."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The target of a URL.

    origin: host and port as in the URL; targets with the same origin share connections. name: the
    host for name look-ups and certificates, an IPv6 address without brackets. is_address: whether
    the name is an IP address. head: the first lines of each request.
    """

    origin: str
    name: str
    port: int
    is_address: bool
    head: str


@lru_cache(maxsize=TARGETS_KEPT)
def origin_of_url(url: str) -> Origin:
    """The target of a webhook's URL. Raises Invalid for a URL that may not be called.

    The URL was checked when it was stored; this is the last check that nothing is sent in clear.
    """
    checked = check_url(url)
    host = host_of(checked)
    origin, _, path = checked.removeprefix("https://").partition("/")
    return Origin(
        origin=origin,
        name=host.strip("[]"),
        port=int(origin[len(host) + 1 :] or HTTPS),
        is_address=literal_address(checked) is not None,
        head=f"POST /{path} HTTP/1.1\r\nhost: {origin}",
    )


def request_bytes(target: Origin, headers: Mapping[str, str], body: bytes) -> bytes:
    """The whole request: host, these headers and content-length.

    Raises ValueError if a header contains a line break.
    """
    lines = map(": ".join, headers.items())
    head = "\r\n".join([target.head, *lines, f"content-length: {len(body)}", "", ""])
    breaks = len(headers) + HEAD_LINES
    if head.count("\r") != breaks or head.count("\n") != breaks or "\0" in head:
        raise ValueError("a header with a line break or a null in it")
    return head.encode() + body
