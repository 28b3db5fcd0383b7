"""A request that wishes for another protocol, as one that does not.

httptools takes all that follows such a head for that other protocol: the body would be lost, or
be taken for the next request. Java's HttpClient asks for h2c with every first request.
"""

from collections.abc import Iterable

HOP = (b"upgrade", b"http2-settings")


def head_without_upgrade(
    method: bytes, url: bytes, version: str, headers: Iterable[tuple[bytes, bytes]]
) -> bytes:
    """The head anew, without the wish and what belongs to it."""
    lines = [b" ".join((method, url, f"HTTP/{version}".encode()))]
    for name, value in headers:
        kept = _without_wish(value) if name == b"connection" else value
        if name not in HOP and (kept or name != b"connection"):
            lines.append(name + b": " + kept)
    return b"\r\n".join([*lines, b"", b""])


def _without_wish(connection: bytes) -> bytes:
    options = (one.strip() for one in connection.split(b","))
    return b", ".join(one for one in options if one.lower() not in HOP)
