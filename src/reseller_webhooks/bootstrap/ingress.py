"""Bounds of the HTTP server, from settings."""

from typing import Any

import structlog

from reseller_ingress import Limits, RefusalReason, bounded
from reseller_webhooks.observability import ingress
from reseller_webhooks.settings import PREFIX, Settings, trusted_proxies

log = structlog.get_logger()


def bounds(settings: Settings) -> dict[str, Any]:
    """Options of the server."""
    limits = Limits(
        header_bytes=settings.limit_header_bytes,
        header_fields=settings.limit_header_fields,
        headers_within_s=settings.limit_headers_within_s,
        keep_alive_s=settings.keep_alive_s,
        connections=settings.limit_connections,
        connections_per_address=settings.limit_connections_per_address,
        prefix=PREFIX,
    )
    return bounded(
        limits,
        proxies=trusted_proxies(),
        count=lambda reason: ingress.refused_total.labels(reason).inc(),
        warn=_warn,
        note=lambda shared: ingress.open_connections.set_function(lambda: len(shared)),
    )


def _warn(reason: RefusalReason, peer: str, number: int) -> None:
    log.warning("the server refused callers", reason=str(reason), number=number, last=peer)
