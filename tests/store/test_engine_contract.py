"""What the engine relies on in its store, on both databases and as the simulation has it."""

from collections.abc import Collection
from typing import Any

import pytest

from reseller_webhooks.core.deliveries.attempts import Attempt, Outcome
from reseller_webhooks.core.deliveries.circuits import CLOSED, Circuit
from reseller_webhooks.core.deliveries.delivery import (
    FIRST,
    AttemptResult,
    ScanPosition,
    ScanRequest,
    State,
    Transition,
)
from reseller_webhooks.core.deliveries.notification import DueDelivery
from reseller_webhooks.core.messages import plain
from reseller_webhooks.core.sync.horizon import Horizon
from reseller_webhooks.core.webhooks.settings import Mode
from reseller_webhooks.core.webhooks.webhook import PARTS, Webhook, WebhookState
from reseller_webhooks.operations.delivery_queue import ScanResult
from reseller_webhooks.operations.leases import LeaseSnapshot
from tests.store.engine_stores import EngineStore, RealStore, SimulatedStore

EVERY = frozenset(range(PARTS))
HOUR = 3_600_000_000
LATE = pytest.mark.parametrize("store", ["postgres", "simulated"], indirect=True)
"""SQLite has one writer, so that nothing commits late."""


@pytest.fixture(params=["sqlite", "postgres", "simulated"])
def store(request: pytest.FixtureRequest) -> EngineStore:
    if request.param == "simulated":
        return SimulatedStore()
    return RealStore(request.getfixturevalue(f"on_{request.param}"))


def scan(
    store: EngineStore,
    webhook: Webhook,
    *,
    limit: int = 10,
    held: Collection[int] = (),
    after: ScanPosition = FIRST,
    heads_only: bool = False,
) -> ScanResult:
    ask = ScanRequest(webhook.id, heads_only, limit, frozenset(held), after)
    (found,) = store.ask("a", lambda port: port.scan([ask]))
    return found


def versions(found: ScanResult) -> list[int]:
    return [one.delivery.version for one in found.due]


def beat(store: EngineStore, worker: str, **given: Any) -> LeaseSnapshot:
    usual = {"release": (), "lapsed_too": True, "stands_back": False, "latest": None}
    return store.ask(worker, lambda port: port.heartbeat(**usual | given))


def result(one: DueDelivery, webhook: Webhook, step: Transition, epoch: int = 1) -> AttemptResult:
    accepted = step.state is State.DELIVERED
    outcome = Outcome.ACCEPTED if accepted else Outcome.FAILED
    attempt = Attempt(outcome, ms=5, status=200 if accepted else 503)
    at = one.delivery.created_at
    return AttemptResult(one.delivery, 1, at, attempt, step, webhook.part, epoch)


def write(
    store: EngineStore,
    worker: str,
    *results: AttemptResult,
    circuits: dict[int, Circuit] | None = None,
) -> int:
    return store.ask(worker, lambda port: port.write_results(results, circuits or {}))


def late_commits(store: EngineStore, horizon: Horizon) -> tuple[Horizon, list[tuple[int, int]]]:
    newest = store.ask("a", lambda port: port.last_delivery())
    found = store.ask("a", lambda port: port.due_late_commits(horizon, newest))
    return found.horizon, found.due


DELIVERED = Transition(State.DELIVERED)


class TestScan:
    def test_it_brings_the_first_due_and_says_whether_there_are_more(
        self, store: EngineStore
    ) -> None:
        webhook = store.webhook()
        store.commit(1, 2, 3)
        first = scan(store, webhook, limit=2)
        held = {one.delivery.id for one in first.due}
        second = scan(store, webhook, limit=2, held=held, after=first.upto)

        assert (versions(first), first.more) == ([1, 2], True)
        assert (versions(second), second.again_s) == ([3], None)

    def test_it_leaves_out_what_is_held(self, store: EngineStore) -> None:
        webhook = store.webhook()
        store.commit(1, 2, 3)
        held = {one.delivery.id for one in scan(store, webhook, limit=2).due}

        assert versions(scan(store, webhook, held=held)) == [3]

    def test_of_heads_it_brings_the_lowest_version_of_each_record(self, store: EngineStore) -> None:
        webhook = store.webhook()
        store.commit(1, 2)
        store.commit(5, record="c2")

        assert versions(scan(store, webhook, heads_only=True)) == [1, 5]

    def test_it_says_when_the_next_attempt_is_due(self, store: EngineStore) -> None:
        webhook = store.webhook()
        beat(store, "a")
        store.commit(1)
        (one,) = scan(store, webhook).due
        made = one.delivery.created_at
        write(store, "a", result(one, webhook, Transition(State.PENDING, made + HOUR, made)))
        found = scan(store, webhook)

        assert found.due == []
        assert found.again_s == pytest.approx(3_600, abs=120)

    def test_a_newer_state_takes_the_place_of_older_ones(self, store: EngineStore) -> None:
        latest, every = store.webhook(Mode.LATEST_STATE), store.webhook()
        store.commit(1, 2, 3)

        assert versions(scan(store, latest)) == [3]
        assert versions(scan(store, every)) == [1, 2, 3]


class TestResults:
    def test_what_was_delivered_is_finished(self, store: EngineStore) -> None:
        webhook = store.webhook()
        beat(store, "a")
        store.commit(1, 2)
        first, _ = scan(store, webhook).due

        assert write(store, "a", result(first, webhook, DELIVERED)) == 0
        assert versions(scan(store, webhook)) == [2]
        write(store, "a", result(scan(store, webhook).due[0], webhook, DELIVERED))
        assert store.ask("a", lambda port: port.first_due_s()) == {}

    def test_an_attempt_that_failed_is_counted(self, store: EngineStore) -> None:
        webhook = store.webhook()
        beat(store, "a")
        store.commit(1)
        (one,) = scan(store, webhook).due
        write(store, "a", result(one, webhook, Transition(State.PENDING, one.delivery.created_at)))

        assert [again.delivery.attempts for again in scan(store, webhook).due] == [1]

    def test_a_result_of_a_finished_delivery_changes_nothing(self, store: EngineStore) -> None:
        webhook = store.webhook()
        beat(store, "a")
        store.commit(1)
        (one,) = scan(store, webhook).due
        write(store, "a", result(one, webhook, DELIVERED))
        write(store, "a", result(one, webhook, Transition(State.PENDING, 1)))

        assert scan(store, webhook).due == []

    def test_those_of_a_former_owner_are_left_out(self, store: EngineStore) -> None:
        webhook = store.webhook()
        beat(store, "a")
        store.commit(1)
        (one,) = scan(store, webhook).due
        store.lapse("a")
        beat(store, "b")

        assert write(store, "a", result(one, webhook, DELIVERED)) == 1
        assert versions(scan(store, webhook)) == [1]

    def test_they_count_as_long_as_nobody_took_the_partition(self, store: EngineStore) -> None:
        webhook = store.webhook()
        beat(store, "a")
        store.commit(1)
        (one,) = scan(store, webhook).due
        store.lapse("a")

        assert write(store, "a", result(one, webhook, DELIVERED)) == 0

    def test_those_of_an_earlier_epoch_are_left_out(self, store: EngineStore) -> None:
        webhook = store.webhook()
        beat(store, "a")
        store.commit(1)
        (one,) = scan(store, webhook).due
        store.ask("a", lambda port: port.leave())
        beat(store, "a")

        assert write(store, "a", result(one, webhook, DELIVERED, epoch=1)) == 1
        assert write(store, "a", result(one, webhook, DELIVERED, epoch=2)) == 0

    def test_only_the_owner_writes_circuits(self, store: EngineStore) -> None:
        webhook = store.webhook()
        beat(store, "b")
        circuit = Circuit(is_open=True, reason=plain("answered 503"), since=1, probe_at=2)
        states = []
        for worker in ("a", "b"):
            write(store, worker, circuits={webhook.id: circuit})
            (found,) = store.ask("b", lambda port: port.webhooks_by_id([webhook.id]))
            states.append(found.circuit.is_open)

        assert states == [False, True]


class TestNewDeliveries:
    def test_those_of_held_partitions_come_along(self, store: EngineStore) -> None:
        webhook = store.webhook()
        before = store.ask("a", lambda port: port.last_delivery())
        store.commit(1)
        ask = [{webhook.part}, EVERY - {webhook.part}]
        mine, others = [
            store.ask(
                "a", lambda port, parts=parts: port.new_deliveries(before, parts, include_due=True)
            )
            for parts in ask
        ]

        assert [one.delivery.version for one in mine.due] == [1]
        assert (others.due, others.dirty) == ([], [])
        assert mine.upto == others.upto == store.ask("a", lambda port: port.last_delivery())
        assert not mine.more

    def test_without_them_their_webhooks_are_named(self, store: EngineStore) -> None:
        webhook = store.webhook()
        before = store.ask("a", lambda port: port.last_delivery())
        store.commit(1, 2)
        found = store.ask("a", lambda port: port.new_deliveries(before, EVERY, include_due=False))

        assert (found.due, list(found.dirty)) == ([], [webhook.id])

    @LATE
    def test_a_late_commit_below_what_was_seen_is_named(self, store: EngineStore) -> None:
        webhook = store.webhook()
        store.commit(1, record="c0")
        horizon, _ = late_commits(store, Horizon())
        with store.committing(1):
            store.commit(2, record="c2")
            horizon, meanwhile = late_commits(store, horizon)
        horizon, after = late_commits(store, horizon)
        _, later = late_commits(store, horizon)
        ids = {one.delivery.resource_uuid: one.delivery.id for one in scan(store, webhook).due}

        assert ids["c0"] < ids["c1"] < ids["c2"]
        assert (webhook.id, ids["c1"]) not in meanwhile
        assert (webhook.id, ids["c1"]) in after
        assert (webhook.id, ids["c1"]) not in later


class TestWebhooks:
    def test_those_of_held_partitions_are_known(self, store: EngineStore) -> None:
        webhook = store.webhook()
        (mine,) = store.ask("a", lambda port: port.webhooks({webhook.part}))

        assert (mine.id, mine.webhook, mine.circuit) == (webhook.id, webhook, CLOSED)
        assert store.ask("a", lambda port: port.webhooks(EVERY - {webhook.part})) == []

    def test_a_change_is_named_once(self, store: EngineStore) -> None:
        webhook = store.webhook()
        horizon = store.ask("a", lambda port: port.webhook_horizon())
        store.pause(webhook)
        changed = store.ask("a", lambda port: port.changed_webhooks(horizon, EVERY))
        again = store.ask("a", lambda port: port.changed_webhooks(changed.horizon, EVERY))
        (found,) = store.ask("a", lambda port: port.webhooks_by_id([webhook.id]))

        assert (changed.revisions.keys(), again.revisions) == ({webhook.id}, {})
        assert found.webhook.state is WebhookState.PAUSED

    def test_a_deleted_one_is_named_and_known_as_gone(self, store: EngineStore) -> None:
        webhook = store.webhook()
        horizon = store.ask("a", lambda port: port.webhook_horizon())
        store.delete(webhook)
        changed = store.ask("a", lambda port: port.changed_webhooks(horizon, EVERY))
        (found,) = store.ask("a", lambda port: port.webhooks_by_id([webhook.id]))

        assert changed.revisions.keys() == {webhook.id}
        assert found.webhook is None
        assert store.ask("a", lambda port: port.webhooks(EVERY)) == []


class TestLeases:
    def test_a_worker_that_is_alone_takes_and_keeps_everything(self, store: EngineStore) -> None:
        first, again = beat(store, "a"), beat(store, "a")

        assert first.held == first.wanted == EVERY
        assert all((grant.epoch, grant.lapsed) == (1, False) for grant in first.taken)
        assert (again.kept, again.taken) == (dict.fromkeys(EVERY, 1), [])

    def test_a_second_gets_what_the_first_gives_back(self, store: EngineStore) -> None:
        beat(store, "a")
        second = beat(store, "b")
        first = beat(store, "a")
        beat(store, "a", release=EVERY - first.wanted)

        assert second.held == frozenset()
        assert first.wanted == EVERY - second.wanted
        assert beat(store, "b").held == second.wanted
        assert store.ask("a", lambda port: port.live_workers()) == {"a", "b"}

    def test_what_was_given_back_has_a_new_epoch_and_no_need_to_wait(
        self, store: EngineStore
    ) -> None:
        beat(store, "a")
        store.ask("a", lambda port: port.leave())

        assert {(one.epoch, one.lapsed) for one in beat(store, "b").taken} == {(2, False)}

    def test_those_of_a_dead_worker_are_taken_as_lapsed(self, store: EngineStore) -> None:
        beat(store, "a")
        store.lapse("a")
        careful = beat(store, "b", lapsed_too=False)
        outdated = beat(store, "b", latest=1)

        assert careful.taken == outdated.taken == []
        assert {(one.epoch, one.lapsed) for one in beat(store, "b").taken} == {(2, True)}

    def test_a_lapsed_one_that_nobody_took_is_kept(self, store: EngineStore) -> None:
        beat(store, "a")
        store.lapse("a")

        assert beat(store, "a", lapsed_too=False).kept == dict.fromkeys(EVERY, 1)

    def test_a_worker_stands_back_only_while_another_lives(self, store: EngineStore) -> None:
        alone = beat(store, "a", stands_back=True)
        beat(store, "b")

        assert alone.wanted == EVERY
        assert beat(store, "a", stands_back=True).wanted == frozenset()
