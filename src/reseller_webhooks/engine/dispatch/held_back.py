"""Reasons why a webhook's next delivery does not start now."""

from enum import StrEnum


class HeldBack(StrEnum):
    """Reasons that hold a queue back, in the sequence in which start_rules.py checks them."""

    STOPPING = "stopping"
    """The engine is shutting down."""
    RESULTS = "results"
    """Too many results wait to be written to the store."""
    OWNERSHIP = "ownership"
    """The lease may have expired, or a former owner's request may still be under way."""
    EGRESS = "egress"
    """This machine's network is suspected; only probes go out."""
    RATE = "rate"
    """The webhook's rate per second."""
    CIRCUIT = "circuit"
    """The circuit is open, or the receiver is recovering."""
    CAP = "cap"
    """The webhook has as many requests in flight as it allows."""
    START_QUOTA = "start_quota"
    """Enough deliveries started in this turn of the event loop."""
    LATE = "late"
    """The queue is overdue, and overdue deliveries have used their share of the CPU."""
    SLOTS = "slots"
    """No slot is free for the webhook's reseller."""


SLOT_REASONS = frozenset({HeldBack.START_QUOTA, HeldBack.LATE, HeldBack.SLOTS})
"""Reasons for which a queue waits for its turn at a slot."""
