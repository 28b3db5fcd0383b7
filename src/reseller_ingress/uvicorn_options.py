"""What `uvicorn.Config` is given, so that a server has the bounds."""

import os
from collections.abc import Callable
from typing import Any

from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from reseller_ingress.connections import Ingress
from reseller_ingress.limits import Limits
from reseller_ingress.protocol import protocol_class
from reseller_ingress.refusals import Reason


def bounded(
    limits: Limits,
    *,
    count: Callable[[Reason], None] = lambda _: None,
    warn: Callable[[Reason, str, int], None] = lambda *_: None,
    note: Callable[[Ingress], None] = lambda _: None,
) -> dict[str, Any]:
    """Options for a server of its own. note: told of what the server's connections share."""
    ingress = Ingress(limits, is_trusted=trusted_proxies(), count=count, warn=warn)
    note(ingress)
    return {
        "http": protocol_class(ingress),
        "ws": "none",
        "timeout_keep_alive": int(limits.keep_alive_s),
    }


def trusted_proxies() -> Callable[[str], bool]:
    """FORWARDED_ALLOW_IPS, read as uvicorn reads it; by default 127.0.0.1."""
    allowed = os.environ.get("FORWARDED_ALLOW_IPS", "127.0.0.1")
    hosts = ProxyHeadersMiddleware(_nothing, allowed).trusted_hosts
    return lambda peer: peer in hosts


async def _nothing(*_: Any) -> None:
    """An application that nobody calls."""
