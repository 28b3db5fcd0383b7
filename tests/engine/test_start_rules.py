"""Each limit on starts holds a queue back for its own reason, which the metric counts."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reseller_webhooks import clock
from reseller_webhooks.core.deliveries import circuits
from reseller_webhooks.core.deliveries.delivery import DELIVERED, AttemptResult
from reseller_webhooks.crypto import Box
from reseller_webhooks.engine.dispatch.admission import Admission
from reseller_webhooks.engine.dispatch.held_back import HeldBack
from reseller_webhooks.engine.dispatch.start_quota import BYTES_A_UNIT, UNITS
from reseller_webhooks.engine.dispatch.start_rules import StartRules
from reseller_webhooks.engine.dispatch.webhook_queue import WebhookQueue
from reseller_webhooks.engine.ownership.egress_health import EgressHealth
from reseller_webhooks.engine.ownership.leases import Leases
from reseller_webhooks.engine.ownership.single_node import SoleOwner
from reseller_webhooks.engine.result_writer import BACKLOG_MAX, ResultWriter
from reseller_webhooks.engine.store_adapter import StoreAdapter
from reseller_webhooks.observability import registry
from reseller_webhooks.store.db.database import Database
from tests.engine.engine_fixture import KEY, Make
from tests.engine.queue_factory import due, queue
from tests.engine.test_egress_health import NO_SIGN, REACHED, all_end, hosts
from tests.engine.test_late_throttle import busy
from tests.receivers.behaviours import hangs
from tests.receivers.receiver import WAIT_S, Behaviour, Receiver

AT = 100.0


class Parts:
    """The real parts that the rules ask."""

    def __init__(self, store: StoreAdapter) -> None:
        self.writer = ResultWriter(store, lambda _: None)
        self.owner = SoleOwner()
        self.leases = Leases(store, ttl_s=1, hold_s=0)
        self.egress = EgressHealth(lambda: None)
        self.admission = Admission(2, busy, lambda _: None)
        self.queue = queue(due(1), due(2))

    def rules(self, owner: Any = None) -> StartRules:
        return StartRules(self.writer, owner or self.owner, self.egress, self.admission, clock.now)


@pytest.fixture
async def parts(tmp_path: Path) -> Parts:
    return Parts(StoreAdapter(Database(f"sqlite:///{tmp_path}/rules.db"), Box([KEY])))


async def test_a_queue_that_nothing_holds_back_may_start(parts: Parts) -> None:
    assert parts.rules().held_back_by(parts.queue, AT) is None


async def test_no_delivery_starts_while_the_engine_stops(parts: Parts) -> None:
    rules = parts.rules()
    rules.stopping = True

    assert rules.held_back_by(parts.queue, AT) is HeldBack.STOPPING


async def test_no_delivery_starts_while_too_many_results_are_unwritten(parts: Parts) -> None:
    result = AttemptResult(due(1).delivery, 1, 0, REACHED, DELIVERED)
    for _ in range(BACKLOG_MAX):
        parts.writer.add(result)

    assert parts.rules().held_back_by(parts.queue, AT) is HeldBack.RESULTS


async def test_no_delivery_starts_without_a_lease(parts: Parts) -> None:
    assert parts.rules(parts.leases).held_back_by(parts.queue, AT) is HeldBack.OWNERSHIP


async def test_only_probes_start_while_the_egress_is_suspected(parts: Parts) -> None:
    all_end(parts.egress, hosts(20), REACHED, AT - 2)
    all_end(parts.egress, hosts(20), NO_SIGN, AT - 1)
    probe = parts.rules().held_back_by(parts.queue, AT)
    parts.egress.request_started(1, AT)

    assert (probe, parts.rules().held_back_by(parts.queue, AT)) == (None, HeldBack.EGRESS)


def _former_owner(held: WebhookQueue) -> None:
    held.start_at = AT + 1


def _recovering(held: WebhookQueue) -> None:
    held.circuit, held.in_flight = circuits.RAMP, 1


def _open(held: WebhookQueue) -> None:
    held.circuit = circuits.reopen("answered 503", 0, clock.now() + clock.DAY)


def _at_its_cap(held: WebhookQueue) -> None:
    held.in_flight = held.webhook.max_in_flight


@pytest.mark.parametrize(
    ("limit", "reason"),
    [
        (_former_owner, HeldBack.OWNERSHIP),
        (_recovering, HeldBack.CIRCUIT),
        (_open, HeldBack.CIRCUIT),
        (_at_its_cap, HeldBack.CAP),
    ],
)
async def test_the_limits_of_a_webhook(
    parts: Parts, limit: Callable[[WebhookQueue], None], reason: HeldBack
) -> None:
    limit(parts.queue)

    assert parts.rules().held_back_by(parts.queue, AT) is reason


async def test_the_limits_of_slots(parts: Parts) -> None:
    rules, admission, overdue = parts.rules(), parts.admission, queue(due(1, next_at=0))
    admission.delivery_started(parts.queue, 0, AT)
    admission.delivery_started(overdue, 0, AT)
    late = rules.held_back_by(overdue, AT)
    admission.acquire(parts.queue)
    admission.acquire(parts.queue)
    slots = rules.held_back_by(parts.queue, AT)
    admission.delivery_started(parts.queue, UNITS * BYTES_A_UNIT, AT)
    start_quota = rules.held_back_by(parts.queue, AT)

    assert (late, slots, start_quota) == (HeldBack.LATE, HeldBack.SLOTS, HeldBack.START_QUOTA)


def held_back() -> dict[str, float | None]:
    name = "reseller_webhooks_queues_held_back"
    return {reason: registry.get_sample_value(name, {"reason": reason}) for reason in HeldBack}


@pytest.mark.parametrize(
    ("slots", "settings", "reason"),
    [
        (10, {"max_in_flight": 1}, HeldBack.CAP),
        (10, {"rate_per_second": 1}, HeldBack.RATE),
        (2, {}, HeldBack.SLOTS),
    ],
    ids=str,
)
async def test_the_metric_counts_the_queue_under_its_reason(
    make: Make,
    receiving: Callable[[Behaviour], Receiver],
    slots: int,
    settings: dict[str, Any],
    reason: HeldBack,
) -> None:
    running = make(slots=slots, timeout_s=2 * WAIT_S)
    async with receiving(hangs) as receiver:
        running.webhook(receiver.url(), **settings)
        async with running.sending():
            running.tell("c1", "c2", "c3", "c4")
            await running.until(lambda: held_back()[reason] == 1)
            counts = held_back()

    assert counts == dict.fromkeys(HeldBack, 0) | {reason: 1}
