"""The Host field, read strictly: a name or an address, and perhaps a port (RFC 9110, 7.2).

RFC 3986 allows more in a name: escapes, and characters such as a comma, which no host name has.
Proxies, caches and frameworks read those differently, so they are refused.
"""

import re
from ipaddress import IPv6Address

LENGTH_MAX = 255
PORT_MAX = 65535
_FIELD = re.compile(
    rb"(?:(?P<name>[A-Za-z0-9._-]{1,%d})|\[(?P<literal>[0-9A-Fa-f:.]{2,45})\])(?::(?P<port>[0-9]{0,5}))?"
    % LENGTH_MAX
)


def parse_host(value: bytes) -> str | None:
    """The host in lower case, without port and the dot of the root; None for an invalid field."""
    found = _FIELD.fullmatch(value)
    if found is None or int(found["port"] or 0) > PORT_MAX:
        return None
    if found["literal"] is not None:
        return _address(found["literal"].decode())
    return found["name"].decode().lower().removesuffix(".") or None


def _address(literal: str) -> str | None:
    try:
        return str(IPv6Address(literal))
    except ValueError:
        return None
