"""Formats the output of commands."""

from collections.abc import Sequence
from datetime import UTC, datetime

from reseller_webhooks.clock import SECOND, Micros


def time_or_never(at: Micros | None) -> str:
    """A time in UTC, or "never"."""
    return f"{datetime.fromtimestamp(at // SECOND, UTC):%Y-%m-%dT%H:%M:%SZ}" if at else "never"


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows in columns as wide as their longest cell; "-" stands for an empty cell."""
    filled = [[cell or "-" for cell in row] for row in rows]
    widths = [max(len(cell) for cell in column) for column in zip(*filled, strict=True)]
    lines = ("  ".join(map(str.ljust, row, widths)).rstrip() for row in filled)
    return "\n".join(lines)
