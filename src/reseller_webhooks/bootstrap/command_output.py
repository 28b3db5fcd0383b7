"""How commands print what they list."""

from datetime import UTC, datetime

from reseller_webhooks.clock import SECOND, Micros


def time_or_never(at: Micros | None) -> str:
    """A time in UTC, or "never"."""
    return f"{datetime.fromtimestamp(at // SECOND, UTC):%Y-%m-%dT%H:%M:%SZ}" if at else "never"
