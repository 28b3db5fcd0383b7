"""Revisions of webhooks, as workers follow them."""

from dataclasses import dataclass

from reseller_webhooks.core.sync.horizon import Horizon


@dataclass(frozen=True, slots=True)
class Revised:
    """Revisions by webhook that may be new, and the horizon after this read."""

    revisions: dict[int, int]
    horizon: Horizon


@dataclass(frozen=True, slots=True)
class Revisions:
    """Revisions of existing webhooks. newest: the highest revision of the whole store."""

    live: dict[int, int]
    newest: int
