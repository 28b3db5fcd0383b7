"""Clocks that differ: the conditions of this machine's, the database's and the receivers'."""

from collections.abc import Collection, Iterator
from statistics import median

from reseller_webhooks.core.deliveries.attempts import CLOCK_OFF_S
from reseller_webhooks.core.health.condition_texts import text_of
from reseller_webhooks.core.health.conditions import Condition, ConditionCode, Severity

HOSTS_MIN = 3
"""One receiver may be wrong about the time, and two may be neighbours."""


def store_conditions(ahead_s: float) -> Iterator[Condition]:
    """A condition if this machine's clock is off against the database's. ahead_s: its offset."""
    if abs(ahead_s) > CLOCK_OFF_S:
        params: dict[str, str | int] = {"seconds": abs(round(ahead_s))}
        yield Condition(ConditionCode.CLOCK_OFF_STORE, Severity.DEGRADED, params)


def store_line(ahead_s: float) -> str:
    """The same in one line, or nothing."""
    return "; ".join(map(text_of, store_conditions(ahead_s)))


def receivers_ahead_s(ahead_s: Collection[int]) -> int:
    """Median offset of receivers' clocks, positive if ahead; 0 when too few are known."""
    return round(median(ahead_s)) if len(ahead_s) >= HOSTS_MIN else 0


def receiver_conditions(ahead_s: Collection[int]) -> Iterator[Condition]:
    """A condition if most receivers that refuse have another time than this service."""
    by_s = abs(receivers_ahead_s(ahead_s))
    if by_s > CLOCK_OFF_S:
        params: dict[str, str | int] = {"seconds": by_s, "hosts": len(ahead_s)}
        yield Condition(ConditionCode.CLOCK_OFF_RECEIVERS, Severity.DEGRADED, params)
