"""Errors of requests that waited too long in a queue."""

from reseller_ingress import FairQueue, QueueTimeout
from reseller_webhooks.core.errors import Unavailable
from reseller_webhooks.core.messages.requests import (
    TOO_MANY_ANONYMOUS,
    TOO_MANY_OF_ADDRESS,
    TOO_MANY_OF_RESELLER,
    TOO_MANY_OF_RESELLERS,
)
from reseller_webhooks.http.edge.problems import TooManyRequests
from reseller_webhooks.observability.ingress import refused_total

ALWAYS_ANSWERED = frozenset({"/livez", "/healthz"})
"""Liveness probes: cheap to answer, and a process that answers none is restarted."""
SETTING = "RESELLER_WEBHOOKS_LIMIT_ANONYMOUS_REQUESTS"
RESELLER_SETTING = "RESELLER_WEBHOOKS_LIMIT_RESELLER_REQUESTS_AT_ONCE"


def too_late(queue: FairQueue, error: QueueTimeout) -> TooManyRequests | Unavailable:
    """429 when the caller's own network is at its limit, else 503 (RFC 6585, 4)."""
    if error.of_network:
        return _refuse(
            "anonymous_requests_per_address",
            TooManyRequests(
                TOO_MANY_OF_ADDRESS(most=queue.per_network, setting=f"{SETTING}_PER_ADDRESS")
            ),
        )
    return _refuse(
        "anonymous_requests",
        Unavailable(TOO_MANY_ANONYMOUS(most=queue.in_all, setting=SETTING)),
    )


def too_late_of_reseller(queue: FairQueue, error: QueueTimeout) -> TooManyRequests | Unavailable:
    """As `too_late`, for a request with a valid key or session."""
    if error.of_network:
        return _refuse(
            "reseller_requests_at_once",
            TooManyRequests(TOO_MANY_OF_RESELLER(most=queue.per_network, setting=RESELLER_SETTING)),
        )
    return _refuse(
        "requests_at_once",
        Unavailable(TOO_MANY_OF_RESELLERS(most=queue.in_all)),
    )


def _refuse(reason: str, error: TooManyRequests | Unavailable) -> TooManyRequests | Unavailable:
    """Count the refusal by its reason."""
    refused_total.labels(reason).inc()
    return error
