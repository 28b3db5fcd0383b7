"""Threads of requests: one for each place that a request may occupy.

Requests of resellers and anonymous ones occupy a place while they are worked on, so together they
hold no more threads than they have places. The others are for the platform and for operators.
"""

RESELLER_REQUESTS_AT_ONCE = 12
"""Of all resellers together. More would only wait for each other."""
KEPT_FOR_PLATFORM = 4
"""Requests of platform keys and operators, which need no place, always find one of these free
unless they are as many themselves."""


def request_threads(anonymous_requests_at_once: int) -> int:
    """The threads of a process that answers requests."""
    return RESELLER_REQUESTS_AT_ONCE + anonymous_requests_at_once + KEPT_FOR_PLATFORM
