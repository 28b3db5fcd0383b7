"""Options of `uvicorn.Config` that give a server these limits."""

from collections.abc import Callable, Sequence
from typing import Any

from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from reseller_ingress.connections import Ingress
from reseller_ingress.limits import Limits
from reseller_ingress.protocol import protocol_class
from reseller_ingress.refusals import RefusalReason


def bounded(
    limits: Limits,
    *,
    proxies: Sequence[str] = ("127.0.0.1", "::1"),
    count: Callable[[RefusalReason], None] = lambda _: None,
    warn: Callable[[RefusalReason, str, int], None] = lambda *_: None,
    note: Callable[[Ingress], None] = lambda _: None,
) -> dict[str, Any]:
    """Options for a server of its own.

    proxies: who may have any number of connections. note: told of what its connections share.
    """
    ingress = Ingress(limits, is_trusted=_trust(proxies), count=count, warn=warn)
    note(ingress)
    return {
        "http": protocol_class(ingress),
        "ws": "none",
        "timeout_keep_alive": int(limits.keep_alive_s),
    }


def _trust(proxies: Sequence[str]) -> Callable[[str], bool]:
    """As uvicorn has it for X-Forwarded-For: addresses, networks or `*`."""
    hosts = ProxyHeadersMiddleware(_nothing, list(proxies)).trusted_hosts
    return lambda peer: peer in hosts


async def _nothing(*_: Any) -> None:
    """A placeholder application, which is never called."""
