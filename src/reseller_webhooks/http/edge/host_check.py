"""Host header check: refuses requests for foreign host names (RFC 9110, 7.4).

Without it a page of another site can reach this service under its own name (DNS rebinding), and
caches can be filled under foreign names. Addresses and names without a dot cannot be such names:
they are how probes, containers and colleagues on the network reach it.
"""

from collections.abc import Sequence
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import Scope

from reseller_ingress.host import parse_host
from reseller_webhooks.core.messages.requests import HOST_UNKNOWN, REQUEST_WITHOUT_HOST
from reseller_webhooks.core.text import truncate
from reseller_webhooks.http.edge.problems import Misdirected

PROBES = frozenset({"/livez", "/healthz", "/readyz", "/metrics"})
"""Paths that load balancers request under any name."""


class HostCheck:
    """Refuses requests for another host. allowed: names, `*.` before a domain, `*`."""

    def __init__(self, public_url: str, allowed: Sequence[str]) -> None:
        self._allowed = (urlsplit(public_url).hostname or "", *allowed)

    def check(self, scope: Scope) -> None:
        """Misdirected unless the request is for us."""
        if scope["path"] in PROBES:
            return
        given = Headers(scope=scope).getlist("host")
        if len(given) != 1 or not self._is_ours(parse_host(given[0].encode("latin-1")) or ""):
            raise _refusal(given)

    def _is_ours(self, name: str) -> bool:
        if name and ("." not in name or _is_address(name)):
            return True
        return any(_matches(name, pattern) for pattern in self._allowed)


def _is_address(name: str) -> bool:
    try:
        return bool(ip_address(name))
    except ValueError:
        return False


def _matches(name: str, pattern: str) -> bool:
    if pattern.startswith("*."):
        return name.endswith(pattern[1:])
    return pattern in ("*", name)


def _refusal(given: Sequence[str]) -> Misdirected:
    if not given:
        return Misdirected(REQUEST_WITHOUT_HOST())
    return Misdirected(HOST_UNKNOWN(host=truncate(given[0])))
