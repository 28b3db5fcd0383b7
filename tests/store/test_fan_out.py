"""Fan-out in steps: a request that needs many deliveries, and the changes that come beside it."""

from collections.abc import Iterator, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import pairwise
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import func, select, update

from reseller_webhooks.clock import DAY, SECOND
from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.core.deliveries.delivery import State
from reseller_webhooks.core.deliveries.fan_out_rules import DELIVERIES_MAX, FanOutStep
from reseller_webhooks.core.enums import Action, Resource, to_mask
from reseller_webhooks.core.errors import FanOutFull
from reseller_webhooks.core.records import read_content
from reseller_webhooks.core.records.changes import Change, Put
from reseller_webhooks.core.sync.sync_status import SyncStatus
from reseller_webhooks.operations import backfills, changes, fan_out, record_history, resellers
from reseller_webhooks.operations.changes import ChangeRequest, ChangesAnswer
from reseller_webhooks.operations.record_history import HistoryPage
from reseller_webhooks.store.cluster import retention
from reseller_webhooks.store.db import counters
from reseller_webhooks.store.db.commits import CommitEffects
from reseller_webhooks.store.db.database import Database
from reseller_webhooks.store.deliveries import fan_out as store
from reseller_webhooks.store.tables import (
    attempt,
    delivery,
    event,
    feature,
    pending_fan_out,
    webhook,
)
from tests.store import factories
from tests.store.test_generations import move

URL = "https://platform.example"
WEBHOOKS = 101
MANY = DELIVERIES_MAX // WEBHOOKS + 1
"""Changes that need more deliveries than a transaction writes."""
POSTGRES = pytest.mark.parametrize("database", ["postgres"], indirect=True)


@pytest.fixture
def busy(database: Database) -> Reseller:
    """A reseller with many webhooks."""
    return with_webhooks(database, WEBHOOKS)


def with_webhooks(database: Database, count: int, **given: Any) -> Reseller:
    one = resellers.add(database, f"R{count}")
    with database.write() as tx:
        for number in range(count):
            factories.webhook(tx, reseller_id=one.id, url=f"https://r.example/{number}", **given)
    return one


def put(reseller: Reseller, uuid: str, name: str) -> Change:
    content = read_content(Resource.COMPANY, uuid, {"name": name})
    return Change(reseller.uuid, Resource.COMPANY, uuid, Put(content))


def apply(database: Database, *requests: ChangeRequest) -> list[ChangesAnswer]:
    answers = changes.apply(database, requests, public_url=URL)
    assert all(isinstance(one, ChangesAnswer) for one in answers), answers
    return [one for one in answers if isinstance(one, ChangesAnswer)]


def change_many(database: Database, reseller: Reseller, name: str) -> ChangesAnswer:
    (answer,) = apply(
        database, ChangeRequest(tuple(put(reseller, f"c{n}", name) for n in range(MANY)))
    )
    return answer


def change_one(database: Database, reseller: Reseller, uuid: str, name: str) -> ChangesAnswer:
    (answer,) = apply(database, ChangeRequest((put(reseller, uuid, name),)))
    return answer


def made(database: Database, reseller: Reseller) -> list[tuple[int, str, int]]:
    """Deliveries in the sequence of their numbers: webhook, record and version."""
    columns = delivery.c.webhook_id, delivery.c.resource_uuid, delivery.c.version
    with database.read() as tx:
        mine = select(*columns).where(delivery.c.reseller_id == reseller.id)
        return [(w, r, v) for w, r, v in tx.connection.execute(mine.order_by(delivery.c.id))]


def wanted(database: Database, reseller: Reseller) -> list[tuple[int, str, int]]:
    """A delivery for each event and webhook."""
    with database.read() as tx:
        pairs = (
            select(webhook.c.id, event.c.resource_uuid, event.c.version)
            .join(event, event.c.reseller_id == webhook.c.reseller_id)
            .where(webhook.c.reseller_id == reseller.id)
        )
        return sorted((w, r, v) for w, r, v in tx.connection.execute(pairs))


def in_order(deliveries: Sequence[tuple[int, str, int]]) -> bool:
    of_record: dict[tuple[int, str], list[int]] = {}
    for webhook_id, record, version in deliveries:
        of_record.setdefault((webhook_id, record), []).append(version)
    return all(a < b for versions in of_record.values() for a, b in pairwise(versions))


def steps(database: Database, limit: int = 1_000) -> Iterator[FanOutStep]:
    after = 0
    while one := fan_out.step(database, after, limit):
        after = one.reseller_id
        yield one


def listened(database: Database) -> list[Set[CommitEffects]]:
    """What each later commit of this process wrote."""
    found: list[Set[CommitEffects]] = []
    database.commits.listen(found.append)
    return found


def pending(database: Database) -> int:
    with database.read() as tx:
        return store.backlog(tx).count


def test_a_request_that_needs_many_deliveries_commits_without_them(
    database: Database, busy: Reseller
) -> None:
    written = listened(database)
    change_many(database, busy, "Acme")

    assert written == [{CommitEffects.EVENTS, CommitEffects.FAN_OUTS}]
    assert made(database, busy) == []
    assert pending(database) == MANY


def test_large_requests_are_refused_while_too_many_are_pending(
    database: Database, busy: Reseller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reseller_webhooks.core.deliveries.fan_out_rules.PENDING_MAX", 2 * MANY)
    large = ChangeRequest(tuple(put(busy, f"c{n}", "Acme Inc") for n in range(MANY)), key="again")
    for name in ("Acme", "Acme Ltd"):
        change_many(database, busy, name)
    (refused,) = changes.apply(database, [large], public_url=URL)
    change_one(database, busy, "other", "Acme")
    change_many(database, with_webhooks(database, WEBHOOKS + 1), "Acme")

    assert isinstance(refused, FanOutFull)
    assert 1 <= refused.retry_after_s <= 30
    assert [one.pointer for one in refused.problems] == [f"/changes/{n}" for n in range(MANY)]
    assert pending(database) == 3 * MANY
    list(steps(database))
    assert not apply(database, large)[0].replayed
    list(steps(database))
    assert sorted(made(database, busy)) == wanted(database, busy)


def test_a_refusal_names_the_reseller_and_its_changes_alone(
    database: Database, busy: Reseller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reseller_webhooks.core.deliveries.fan_out_rules.PENDING_MAX", MANY)
    other = with_webhooks(database, 1)
    change_many(database, busy, "Acme")
    mixed = [put(busy, f"c{n}", "Acme Ltd") for n in range(MANY)]
    mixed[3:3] = [put(other, "o1", "Contoso")]
    alone = ChangeRequest((put(other, "o2", "Contoso"),))
    (refused,) = changes.apply(database, [ChangeRequest(tuple(mixed)), alone], public_url=URL)
    apply(database, alone)

    assert isinstance(refused, FanOutFull)
    assert [one.pointer for one in refused.problems] == [
        f"/changes/{n}" for n in range(MANY + 1) if n != 3
    ]
    assert {one.message.params["reseller"] for one in refused.problems} == {busy.uuid}
    assert made(database, other) == wanted(database, other) != []


def test_a_refusal_tells_how_long_steps_have_taken(
    database: Database, busy: Reseller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reseller_webhooks.core.deliveries.fan_out_rules.PENDING_MAX", MANY)
    change_many(database, busy, "Acme")
    with database.write() as tx:
        age = pending_fan_out.c.created_at - 60 * SECOND
        tx.connection.execute(update(pending_fan_out).values(created_at=age))
    again = tuple(put(busy, f"h{n}", "Acme") for n in range(MANY))
    (refused,) = changes.apply(database, [ChangeRequest(again)], public_url=URL)

    assert isinstance(refused, FanOutFull)
    assert 60 <= refused.retry_after_s <= 120


def test_a_few_changes_do_not_wait_for_anothers_many(
    database: Database, busy: Reseller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reseller_webhooks.core.deliveries.fan_out_rules.PENDING_MAX", MANY)
    other = with_webhooks(database, WEBHOOKS + 1)
    change_many(database, busy, "Acme")
    few = [put(busy, "few", "Acme")]
    many = [put(other, f"o{n}", "Contoso") for n in range(MANY)]
    apply(database, ChangeRequest((*few, *many)))

    assert {record for _, record, _ in made(database, busy)} == {"few"}
    assert made(database, other) == []
    list(steps(database))
    assert sorted(made(database, other)) == wanted(database, other)


def test_no_request_overtakes_one_that_has_to_come_again(
    database: Database, busy: Reseller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reseller_webhooks.core.deliveries.fan_out_rules.PENDING_MAX", MANY)
    without_webhooks = with_webhooks(database, 0)
    change_many(database, busy, "Acme")
    large = ChangeRequest(tuple(put(busy, f"c{n}", "Acme Ltd") for n in range(MANY)))
    later = ChangeRequest((put(without_webhooks, "o1", "Contoso"),))
    answers = changes.apply(database, [large, later], public_url=URL)

    assert [type(one) for one in answers] == [FanOutFull]


def test_the_steps_make_each_delivery_once(database: Database, busy: Reseller) -> None:
    change_many(database, busy, "Acme")

    assert {one.events for one in steps(database)} == {MANY}
    assert sorted(made(database, busy)) == wanted(database, busy)
    assert pending(database) == 0


def test_a_step_makes_no_more_than_asked(database: Database, busy: Reseller) -> None:
    change_many(database, busy, "Acme")
    before = 0
    for _ in steps(database, limit=300):
        now = len(made(database, busy))
        assert now - before <= 300
        before = now


def test_an_event_for_many_webhooks_is_divided(database: Database, busy: Reseller) -> None:
    change_many(database, busy, "Acme")
    counts = [len(made(database, busy)) for _ in steps(database, limit=4 * MANY)]

    assert counts == [4 * MANY * (n + 1) for n in range(WEBHOOKS // 4)] + [WEBHOOKS * MANY]
    assert sorted(made(database, busy)) == wanted(database, busy)


def test_a_few_deliveries_are_made_at_once(database: Database, busy: Reseller) -> None:
    written = listened(database)
    change_one(database, busy, "c1", "Acme")

    assert written == [{CommitEffects.EVENTS, CommitEffects.DELIVERIES}]
    assert sorted(made(database, busy)) == wanted(database, busy)
    assert fan_out.step(database, 0, 1_000) is None


def test_a_later_change_of_a_record_does_not_overtake(database: Database, busy: Reseller) -> None:
    change_many(database, busy, "Acme")
    change_one(database, busy, "c1", "Acme Ltd")
    turns = steps(database, limit=WEBHOOKS)
    next(turns), next(turns)
    change_one(database, busy, "c1", "Acme Inc")
    change_one(database, busy, f"c{MANY - 1}", "Acme Inc")
    list(turns)

    assert sorted(made(database, busy)) == wanted(database, busy)
    assert in_order(made(database, busy))


def test_a_change_of_another_record_does_not_wait(database: Database, busy: Reseller) -> None:
    change_many(database, busy, "Acme")
    change_one(database, busy, "other", "Acme Ltd")

    assert {record for _, record, _ in made(database, busy)} == {"other"}


def test_a_change_after_the_last_step_is_told_at_once(database: Database, busy: Reseller) -> None:
    change_many(database, busy, "Acme")
    list(steps(database))
    change_one(database, busy, "c1", "Acme Ltd")

    assert sorted(made(database, busy)) == wanted(database, busy)
    assert in_order(made(database, busy))


def test_versions_of_a_record_within_a_request_stay_in_order(
    database: Database, busy: Reseller
) -> None:
    names = [put(busy, f"c{n % 3}", f"name {n}") for n in range(MANY)]
    apply(database, ChangeRequest(tuple(names)))
    list(steps(database, limit=70))

    assert sorted(made(database, busy)) == wanted(database, busy)
    assert in_order(made(database, busy))


def test_a_request_behind_a_large_one_in_the_same_batch_does_not_overtake(
    database: Database, busy: Reseller
) -> None:
    small = with_webhooks(database, 1)
    large = ChangeRequest(tuple(put(busy, f"c{n}", "Acme") for n in range(MANY)))
    again = ChangeRequest((put(busy, "c0", "Acme Ltd"),))
    requests = [ChangeRequest((put(small, "s1", "One"),)), large, again]
    while requests:
        requests = requests[len(apply(database, *requests)) :]

    assert len(made(database, small)) == 1
    list(steps(database))
    assert sorted(made(database, busy)) == wanted(database, busy)
    assert in_order(made(database, busy))


def test_a_batch_ends_before_it_needs_too_many_deliveries(
    database: Database, busy: Reseller
) -> None:
    requests = [ChangeRequest((put(busy, f"c{n}", "Acme"),)) for n in range(2 * MANY)]

    answers = apply(database, *requests)

    assert len(answers) == MANY - 1
    assert len(made(database, busy)) == len(answers) * WEBHOOKS
    assert pending(database) == 0


def test_a_repeated_key_gets_its_answer_while_steps_are_to_come(
    database: Database, busy: Reseller
) -> None:
    request = ChangeRequest(tuple(put(busy, f"c{n}", "Acme") for n in range(MANY)), "key", "f", "1")
    (first,) = apply(database, request)
    (again,) = apply(database, request)

    assert (again.results, again.replayed) == (first.results, True)
    assert pending(database) == MANY


def test_resellers_take_turns(database: Database, busy: Reseller) -> None:
    other = with_webhooks(database, WEBHOOKS)
    change_many(database, busy, "Acme")
    change_many(database, other, "Other")
    turns = steps(database, limit=WEBHOOKS)

    assert [next(turns).reseller_id for _ in range(4)] == [busy.id, other.id] * 2


def test_a_step_that_fails_leaves_nothing_behind(database: Database, busy: Reseller) -> None:
    change_many(database, busy, "Acme")
    next(steps(database, limit=150))
    before = made(database, busy)

    with suppress(RuntimeError), database.write() as tx:
        assert store.step(tx, busy.id, 1_000)
        raise RuntimeError

    assert made(database, busy) == before
    list(steps(database))
    assert sorted(made(database, busy)) == wanted(database, busy)


def test_workers_at_the_same_time_make_each_delivery_once(
    database: Database, busy: Reseller
) -> None:
    change_many(database, busy, "Acme")
    change_one(database, busy, "c1", "Acme Ltd")
    together = Barrier(3)

    def work(_: int) -> None:
        another = Database(database.url)
        together.wait()
        while fan_out.step(another, 0, 200):
            pass
        another.close()

    with ThreadPoolExecutor(3) as threads:
        list(threads.map(work, range(3)))

    assert sorted(made(database, busy)) == wanted(database, busy)
    assert in_order(made(database, busy))


def test_the_latest_state_takes_the_place_of_those_made_in_steps(database: Database) -> None:
    one = with_webhooks(database, WEBHOOKS, mode="LATEST_STATE")
    change_many(database, one, "Acme")
    change_one(database, one, "c1", "Acme Ltd")
    list(steps(database, limit=150))

    latest = {(w, r, v) for w, r, v in wanted(database, one) if r != "c1" or v == 2}
    assert set(made(database, one)) == latest
    with database.read() as tx:
        closed = select(attempt.c.state, attempt.c.version)
        assert set(tx.connection.execute(closed).tuples()) == {(State.SUPERSEDED, 1)}


def test_webhooks_are_told_as_they_are_when_a_step_comes_to_them(
    database: Database, busy: Reseller
) -> None:
    """Deleted ones and those that want it no longer get nothing, new ones nothing from before."""
    change_many(database, busy, "Acme")
    with database.write() as tx:
        every = list(tx.connection.execute(select(webhook.c.id).order_by(webhook.c.id)).scalars())
        changed = (
            {"deleted_at": tx.now},
            {"actions": to_mask({Action.REMOVED})},
            {"state": "PAUSED"},
        )
        for number, columns in zip(every, changed, strict=False):
            tx.connection.execute(update(webhook).where(webhook.c.id == number).values(columns))
        factories.webhook(tx, reseller_id=busy.id, url="https://r.example/new")
    list(steps(database))

    assert {w for w, _, _ in made(database, busy)} == set(every[2:])


def test_a_backfill_waits_for_the_steps_of_its_records(database: Database, busy: Reseller) -> None:
    change_many(database, busy, "Acme")
    with database.read() as tx:
        uuid = (
            tx.connection.execute(select(webhook.c.uuid).order_by(webhook.c.id)).scalars().first()
        )
    backfills.begin(database, busy.id, str(uuid), rate=MANY)

    taken = backfills.step(database, public_url=URL)

    assert taken
    assert taken.made == 0
    assert made(database, busy) == []
    list(steps(database))
    assert sorted(made(database, busy)) == wanted(database, busy)


def test_a_record_waits_at_the_webhooks_that_are_still_to_be_told(
    database: Database, busy: Reseller
) -> None:
    change_many(database, busy, "Acme")
    change_one(database, busy, "c0", "Acme Ltd")
    next(steps(database, limit=WEBHOOKS // 2))
    part = HistoryPage(webhooks=WEBHOOKS)
    look = record_history.history(database, Resource.COMPANY, "c0", reseller_id=busy.id, part=part)

    assert {one.stands.status for one in look.stances} == {SyncStatus.WAITING}
    assert {one.tried for one in look.stances} == {2}


def test_an_event_stays_as_long_as_its_deliveries_are_to_be_made(
    database: Database, busy: Reseller
) -> None:
    change_many(database, busy, "Acme")
    with database.write() as tx:
        retention.drop(tx, tx.now + 10 * DAY, limit=10_000)
    list(steps(database))

    assert len(made(database, busy)) == MANY * WEBHOOKS


def test_a_store_in_use_makes_no_steps_for_a_day_after_the_upgrade(
    database: Database, busy: Reseller
) -> None:
    with database.write() as tx:
        tx.connection.execute(update(feature).values(since=tx.now - DAY + 60_000_000))
    change_many(database, busy, "Acme")

    assert pending(database) == 0
    assert sorted(made(database, busy)) == wanted(database, busy)


@POSTGRES
def test_a_change_that_waited_for_the_record_sees_its_steps(
    database: Database, busy: Reseller
) -> None:
    """The later change reads the record while the transaction of the earlier one still runs."""
    change_one(database, busy, "c0", "Before")
    together = Barrier(2)

    def large() -> None:
        together.wait()
        change_many(Database(database.url), busy, "Acme")

    def small() -> None:
        together.wait()
        for turn in range(20):
            change_one(Database(database.url), busy, "c0", f"Acme {turn}")

    with ThreadPoolExecutor(2) as threads:
        for future in [threads.submit(large), threads.submit(small)]:
            future.result()
    list(steps(database))

    assert sorted(made(database, busy)) == wanted(database, busy)
    assert in_order(made(database, busy))


def test_steps_after_a_promotion_give_numbers_of_the_new_generation(
    database: Database, busy: Reseller
) -> None:
    change_one(database, busy, "first", "Before")
    with database.read() as tx:
        newest = tx.connection.execute(select(func.max(delivery.c.id))).scalar_one()
    change_many(database, busy, "One")
    move(database)
    list(steps(database))

    with database.read() as tx:
        following = select(func.min(delivery.c.id)).where(delivery.c.id > newest)
        assert tx.connection.execute(following).scalar_one() > newest + counters.GAP
