"""Limits of one server."""

from dataclasses import dataclass

KIB = 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """prefix: how an operator sets one, before LIMIT_...; empty where they cannot be set.

    header_bytes: of a request line, and of request line, header fields and trailers together.
    header_fields: of one request. connections_per_address: of an IPv4 address or an IPv6 /64, and
    not of trusted proxies, through which everybody comes.
    """

    header_bytes: int = 64 * KIB
    header_fields: int = 200
    headers_within_s: float = 10.0
    keep_alive_s: float = 75.0
    read_within_s: float = 60.0
    connections: int = 2000
    connections_per_address: int = 256
    prefix: str = ""
