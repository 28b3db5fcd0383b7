"""Statistics of webhooks' deliveries. Instants and durations: microseconds."""

from dataclasses import dataclass

from reseller_webhooks.core.messages import Message

HOUR = 3_600_000_000
BACKLOG_COUNTED_MAX = 100_000
"""Due, pending and not yet made deliveries are counted up to this."""
WAITING_COUNTED = 10_000
"""Past this the number waiting is only known to be more."""


@dataclass(frozen=True, slots=True)
class LastAttempt:
    """The latest attempt of a delivery. at: when it was made."""

    at: int
    status: int | None
    reason: str | None
    message: Message | None


@dataclass(frozen=True, slots=True)
class WebhookStats:
    """The unfinished and latest deliveries of a webhook.

    waiting: unfinished deliveries, at most WAITING_COUNTED + 1. next_at: when the first of them
    is due. refused: its newest attempt, if it has been tried. refused_at: when any that waits was
    refused last. failed: the newest delivery's last attempt, if that delivery has failed for good.
    delivered_at: of the newest that was delivered.
    """

    waiting: int = 0
    next_at: int | None = None
    refused: LastAttempt | None = None
    refused_at: int | None = None
    failed: LastAttempt | None = None
    delivered_at: int | None = None

    @property
    def is_back(self) -> bool:
        """True if a delivery was accepted after the last refusal of a pending delivery."""
        return (self.delivered_at or 0) > (self.refused_at or 0)


@dataclass(slots=True)
class HourCount:
    """Deliveries by the hour in which they were made, oldest first, as they ended."""

    delivered: list[int]
    failed: list[int]


@dataclass(frozen=True, slots=True)
class CircuitChange:
    """A circuit opened, and why, or closed."""

    at: int
    is_open: bool
    message: Message | None = None
