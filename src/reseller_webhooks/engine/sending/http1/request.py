"""A request as bytes, and where it goes. Owns what a URL turns into on the wire."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from reseller_webhooks.core.webhooks.target_url import check_url, host_of, literal_address

TARGETS_KEPT = 16_384
"""Checked and parsed URLs; a large installation has about as many webhooks."""
HTTPS = 443
HEAD_LINES = 4
"""Of a request without headers: the request line, host, content-length and the empty one."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a URL leads.

    origin: host and port as the URL has them; targets with the same one share connections.
    name: the host for names and certificates, an IPv6 address without its brackets.
    is_address: whether that is an address. head: the first lines of each request.
    """

    origin: str
    name: str
    port: int
    is_address: bool
    head: str


@lru_cache(maxsize=TARGETS_KEPT)
def origin_of_url(url: str) -> Origin:
    """The target of a webhook's URL; Invalid when it should not have been stored.

    Whoever stored the URL checked it. This is the last place to see that nothing goes out in
    clear.
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
    """The whole request: these headers, host and content-length, no others.

    ValueError when a header would not stay one line.
    """
    lines = map(": ".join, headers.items())
    head = "\r\n".join([target.head, *lines, f"content-length: {len(body)}", "", ""])
    breaks = len(headers) + HEAD_LINES
    if head.count("\r") != breaks or head.count("\n") != breaks or "\0" in head:
        raise ValueError("a header with a line break or a null in it")
    return head.encode() + body
