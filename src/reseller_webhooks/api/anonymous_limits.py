"""How a request is refused that waited too long for its turn."""

from starlette.responses import Response

from reseller_ingress import FairQueue, QueueTimeout
from reseller_webhooks.api import problems
from reseller_webhooks.api.problems import TooManyRequests
from reseller_webhooks.core.errors import Unavailable
from reseller_webhooks.observability.ingress import refused_total

ALWAYS_ANSWERED = frozenset({"/livez", "/healthz"})
"""Cheap, and whoever asks restarts the process when nothing comes."""
RESELLER_REQUESTS_AT_ONCE = 32
"""Of all resellers together: fewer than there are threads, so the platform finds one."""
SETTING = "RESELLER_WEBHOOKS_LIMIT_ANONYMOUS_REQUESTS"
RESELLER_SETTING = "RESELLER_WEBHOOKS_LIMIT_RESELLER_REQUESTS_AT_ONCE"


def too_late(queue: FairQueue, error: QueueTimeout) -> Response:
    """429 when the caller's own network is at its limit, else 503 (RFC 6585, 4)."""
    if error.of_network:
        refused_total.labels("anonymous_requests_per_address").inc()
        return problems.answer(
            TooManyRequests(
                f"{queue.per_network} requests without a valid key or session are worked on at "
                f"once for one address ({SETTING}_PER_ADDRESS); send fewer at once, or sign in"
            )
        )
    refused_total.labels("anonymous_requests").inc()
    return problems.answer(
        Unavailable(
            f"{queue.in_all} requests without a valid key or session are worked on at once "
            f"({SETTING}); try again in a second"
        )
    )


def too_late_of_reseller(queue: FairQueue, error: QueueTimeout) -> Response:
    """The same, of a request with a valid key or session."""
    if error.of_network:
        refused_total.labels("reseller_requests_at_once").inc()
        return problems.answer(
            TooManyRequests(
                f"{queue.per_network} requests of one reseller are worked on at once "
                f"({RESELLER_SETTING}); send fewer at once"
            )
        )
    refused_total.labels("requests_at_once").inc()
    return problems.answer(
        Unavailable(
            f"{queue.in_all} requests of resellers are worked on at once; try again in a second"
        )
    )
