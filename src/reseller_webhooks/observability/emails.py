"""E-mails: how many were sent."""

from prometheus_client import Counter

from reseller_webhooks.observability import registry

emails_total = Counter(
    "reseller_webhooks_emails",
    "Attempts of this process to send an e-mail, by result: sent, retried, given_up, logged.",
    ["result"],
    registry=registry,
)
