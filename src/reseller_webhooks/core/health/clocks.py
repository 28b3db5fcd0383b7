"""Clocks that differ: the conditions of this machine's, the database's and the receivers'."""

from collections.abc import Collection, Iterator
from statistics import median

from reseller_webhooks.core.deliveries.attempts import CLOCK_OFF_S
from reseller_webhooks.core.health.condition_texts import text_of
from reseller_webhooks.core.health.conditions import Condition, ConditionCode, Severity

HOSTS_MIN = 3
"""One receiver may be wrong about the time, and two may be neighbours."""


def store_conditions(ahead_s: float) -> Iterator[Condition]:
    """Whether this machine's clock is off against the database's. ahead_s: by so much."""
    if abs(ahead_s) > CLOCK_OFF_S:
        params: dict[str, str | int] = {"seconds": abs(round(ahead_s))}
        yield Condition(ConditionCode.CLOCK_OFF_STORE, Severity.DEGRADED, params)


def store_line(ahead_s: float) -> str:
    """The same in one line, or nothing."""
    return "; ".join(map(text_of, store_conditions(ahead_s)))


def receivers_ahead_s(ahead_s: Collection[int]) -> int:
    """How far receivers' clocks are ahead of ours, as most say; 0 where too few say anything."""
    return round(median(ahead_s)) if len(ahead_s) >= HOSTS_MIN else 0


def receiver_conditions(ahead_s: Collection[int]) -> Iterator[Condition]:
    """Whether most receivers that refuse have another time than we have."""
    by_s = abs(receivers_ahead_s(ahead_s))
    if by_s > CLOCK_OFF_S:
        params: dict[str, str | int] = {"seconds": by_s, "hosts": len(ahead_s)}
        yield Condition(ConditionCode.CLOCK_OFF_RECEIVERS, Severity.DEGRADED, params)
