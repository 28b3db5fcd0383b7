"""Rules about clocks that are stepped, each with a way to take it out."""

from collections.abc import Callable, Collection
from typing import Any

from reseller_webhooks.core.deliveries.delivery import Transition
from reseller_webhooks.engine.dispatch.scheduler import Scheduler
from reseller_webhooks.engine.ownership.leases import Leases
from tests.simulation.store import Port
from tests.simulation.tables import Tables


async def _nothing(_: Port, parts: Collection[int]) -> set[int]:
    return set()


def _always(answer: Any) -> Callable[..., Any]:
    return lambda *_, **__: answer


def _only_deliveries(scheduler: Scheduler, by: int) -> None:
    scheduler.clock_steps += 1
    scheduler.waits_suspect.set()


def _as_scheduled(step: Transition, now: int) -> int | None:
    return step.next_at


PULL_BACK = "clocks: deliveries wait no longer than their own wait"
WRITE = "clocks: a result is written with its wait"
LEASES = "clocks: no lease outlasts its time"
LAPSED = "clocks: after a step ahead leave others' leases alone"
CIRCUITS = "clocks: circuits move with the clock"

CLOCK_RULES: dict[str, tuple[Any, str, Any]] = {
    PULL_BACK: (Port, "pull_back", _nothing),
    WRITE: (Transition, "due_at", _as_scheduled),
    LEASES: (Tables, "_pull_leases_back", _always(None)),
    LAPSED: (Leases, "_latest_store_time", _always(None)),
    CIRCUITS: (Scheduler, "clock_stepped", _only_deliveries),
}
"""What takes the place of which attribute of which class."""
