"""Metrics of quotas: refusals by quota, not by reseller, of whom there may be many."""

from prometheus_client import Counter

from reseller_webhooks.observability import registry

refusals_total = Counter(
    "reseller_webhooks_quota_refusals",
    "Requests, forms and changes that this process refused because of a quota, by quota.",
    ["quota"],
    registry=registry,
)
