"""Metrics of the HTTP server: connections, and refusals before any route."""

from prometheus_client import Counter, Gauge

from reseller_webhooks.observability import registry

open_connections = Gauge(
    "reseller_webhooks_http_connections", "Open connections to the HTTP server.", registry=registry
)
refused_total = Counter(
    "reseller_webhooks_http_refused",
    "Requests and connections that the HTTP server refused before any route, by reason.",
    ["reason"],
    registry=registry,
)
