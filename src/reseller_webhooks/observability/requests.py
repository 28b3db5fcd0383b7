"""Counts and times every HTTP request at the edge, by route template, method and status class.

Labels are bounded: a path without a route is UNMATCHED, whatever it says.
"""

from collections.abc import Callable

from prometheus_client import Histogram

from reseller_webhooks.clock import monotonic_s
from reseller_webhooks.observability import registry

UNMATCHED = "unmatched"
OTHER = "other"
NO_ANSWER = "none"
"""The status class of a request whose client left before it was answered."""
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

request_seconds = Histogram(
    "reseller_webhooks_http_request_duration_seconds",
    "Duration of HTTP requests to the pages and the API, from the request's head to the end of the "
    "response; of a live stream to the head of the response.",
    ["route", "method", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    registry=registry,
)
_observers: dict[tuple[str, str, int], Callable[[float], None]] = {}


class RequestTimer:
    """Times a request, and observes it once. status: of its response, 0 until that begins."""

    __slots__ = ("_is_observed", "_method", "_start_s", "status")

    def __init__(self, method: str) -> None:
        self._method = method if method in METHODS else OTHER
        self._start_s = monotonic_s()
        self._is_observed = False
        self.status = 0

    def observe(self, template: str | None) -> None:
        """Add this request to the histogram, under the template of its route."""
        if self._is_observed:
            return
        self._is_observed = True
        labels = (template or UNMATCHED, self._method, self.status // 100)
        observer = _observers.get(labels) or _new_observer(labels)
        observer(monotonic_s() - self._start_s)


def _new_observer(labels: tuple[str, str, int]) -> Callable[[float], None]:
    route, method, status = labels
    name = f"{status}xx" if status else NO_ANSWER
    observer: Callable[[float], None] = request_seconds.labels(route, method, name).observe
    _observers[labels] = observer
    return observer
