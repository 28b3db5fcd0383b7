"""The log's pages and filters, on both databases."""

from dataclasses import replace
from typing import Any

import pytest

from reseller_webhooks.core.deliveries.attempts import from_status
from reseller_webhooks.core.deliveries.delivery import AttemptResult, State, Transition
from reseller_webhooks.core.deliveries.log import LogQuery
from reseller_webhooks.core.enums import Action, Resource
from reseller_webhooks.operations import deliveries as operations
from reseller_webhooks.store.db.database import Database
from reseller_webhooks.store.db.list_conditions import LONG
from reseller_webhooks.store.deliveries import deliveries, log, log_changes, results
from reseller_webhooks.store.deliveries.log_counts import LineCount, count_lines
from tests.store.factories import due, event, made, reseller, told, webhook


def _with_one_of_each(database: Database) -> tuple[int, int]:
    """One delivery delivered, one failed, one pending, one about a lead that was removed."""
    with database.write() as tx:
        owner = reseller(tx)
        companies = webhook(tx, reseller_id=owner)
        webhook(tx, reseller_id=owner, resource="LEAD")
        told(tx, *(event(reseller_id=owner, resource_uuid=f"c{i}") for i in (1, 2, 3)))
        told(
            tx,
            event(
                reseller_id=owner,
                resource=Resource.LEAD,
                resource_uuid="l1",
                action=Action.REMOVED,
                ticked=frozenset({Action.REMOVED}),
            ),
        )
        first, second, _ = due(tx, companies.id)
        results.finish(tx, [made(first, State.DELIVERED), made(second, State.FAILED)])
    return owner, companies.id


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, ["l1", "c3", "c2", "c1"]),
        ({"states": frozenset({State.PENDING})}, ["l1", "c3"]),
        ({"states": frozenset({State.DELIVERED})}, ["c1"]),
        ({"states": frozenset({State.FAILED})}, ["c2"]),
        ({"states": frozenset({State.FAILED, State.DELIVERED})}, ["c2", "c1"]),
        ({"resource": Resource.LEAD}, ["l1"]),
        ({"action": Action.REMOVED}, ["l1"]),
        ({"resource_uuid": "c2"}, ["c2"]),
        ({"resource_uuid": "c2", "resource": Resource.LEAD}, []),
        ({"until": 1}, []),
        ({"since": 1}, ["l1", "c3", "c2", "c1"]),
        ({"limit": 2}, ["l1", "c3"]),
    ],
)
def test_each_filter_leaves_what_it_names(
    database: Database, given: dict[str, Any], expected: list[str]
) -> None:
    owner, _ = _with_one_of_each(database)

    with database.read() as tx:
        found = log.page(tx, LogQuery(owner, **given))
    assert [line.resource_uuid for line in found] == expected

    with database.read() as tx:
        asked = {name: value for name, value in given.items() if name != "limit"}
        if "limit" not in given:
            assert count_lines(tx, LogQuery(owner, **asked)) == LineCount(len(expected), more=False)


TABS = [
    frozenset[State](),
    frozenset({State.DELIVERED}),
    frozenset({State.PENDING}),
    frozenset({State.FAILED}),
]


def test_all_tabs_of_a_record_with_many_versions_are_counted(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = LONG + 20
    with database.write() as tx:
        owner = reseller(tx)
        number = webhook(tx, reseller_id=owner).id
        told(tx, *(event(reseller_id=owner, version=v + 1) for v in range(count)))
        first, second, third, *_ = due(tx, number)
        states = (State.DELIVERED, State.DELIVERED, State.FAILED)
        some = zip((first, second, third), states, strict=True)
        results.finish(tx, [made(one, state) for one, state in some])
    query = LogQuery(owner, resource_uuid=first.resource_uuid)
    expected = [LineCount(n, more=False) for n in (count, 2, count - 3, 1)]

    assert operations.tallies(database, query, TABS) == expected

    monkeypatch.setattr("reseller_webhooks.store.deliveries.log_counts.EVENT_LINES_MAX", 2)
    every, delivered, pending, failed = operations.tallies(database, query, TABS)
    assert (every.more, delivered.more, failed.more) == (True, True, True)
    assert pending == LineCount(count - 3, more=False)


def test_counting_ends_after_some_lines_and_says_so(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, _ = _with_one_of_each(database)
    monkeypatch.setattr("reseller_webhooks.store.deliveries.log_counts.COUNTED_MAX", 2)
    monkeypatch.setattr("reseller_webhooks.store.deliveries.log_counts.SIFTED_MAX", 2)

    with database.read() as tx:
        assert count_lines(tx, LogQuery(owner)) == LineCount(2, more=True)
        assert count_lines(tx, LogQuery(owner, action=Action.REMOVED)) == LineCount(1, more=True)
        assert count_lines(tx, LogQuery(owner, states=frozenset({State.FAILED}))) == LineCount(
            1, more=False
        )


def test_a_search_goes_on_until_something_is_found_or_its_time_is_over(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, _ = _with_one_of_each(database)
    monkeypatch.setattr("reseller_webhooks.store.deliveries.log_counts.SEARCHED_MAX", 1)
    query = LogQuery(owner, states=frozenset({State.DELIVERED}))
    at_once = operations.search(database, query)
    monkeypatch.setattr("reseller_webhooks.operations.deliveries.SEARCH_S", 0.0)

    first, end = operations.search(database, query)
    second, _ = operations.search(database, replace(query, behind=end))
    assert [entry.line.resource_uuid for entry in first] == []
    assert [entry.line.resource_uuid for entry in second] == ["c1"]
    assert at_once[0] == second
    assert operations.search(database, LogQuery(owner))[1] is None


def test_the_webhook_filter_leaves_its_deliveries(database: Database) -> None:
    owner, companies = _with_one_of_each(database)

    with database.read() as tx:
        found = log.page(tx, LogQuery(owner, webhook_id=companies))
    assert [line.resource_uuid for line in found] == ["c3", "c2", "c1"]


def test_pages_follow_on_without_gap_or_repeat(database: Database) -> None:
    owner, _ = _with_one_of_each(database)
    seen: list[str] = []
    behind = None

    with database.read() as tx:
        while page := log.page(tx, LogQuery(owner, limit=1, behind=behind)):
            seen += [line.resource_uuid for line in page]
            behind = (page[-1].created_at, page[-1].delivery_id)
    assert seen == ["l1", "c3", "c2", "c1"]


def test_another_reseller_sees_nothing_of_it(database: Database) -> None:
    owner, _ = _with_one_of_each(database)
    with database.write() as tx:
        other = reseller(tx)
        mine = log.page(tx, LogQuery(owner))

        assert log.page(tx, LogQuery(other)) == []
        assert [log.line(tx, one.delivery_id, reseller_id=other) for one in mine] == [None] * 4


def test_a_live_view_hears_of_each_delivery_that_was_attempted_since(database: Database) -> None:
    owner, _ = _with_one_of_each(database)

    with database.read() as tx:
        upto = log_changes.attempt_upto(database, tx, 0)
        position, touched = log.touched_between(tx, 0, upto, reseller_id=owner, limit=10)
        again = log.touched_between(tx, position, upto, reseller_id=owner, limit=10)
    assert len(touched) == 2
    assert again == (position, [])


def test_headers_of_an_answer_come_back_as_they_were_kept(database: Database) -> None:
    with database.write() as tx:
        owner = reseller(tx)
        row = webhook(tx, reseller_id=owner)
        told(tx, event(reseller_id=owner))
        (one,) = due(tx, row.id)
        failed = from_status(503, 5, headers={"retry-after": "9"})
        results.finish(tx, [AttemptResult(one, 1, 1, failed, Transition(State.PENDING, 2))])
        results.finish(tx, [made(one, State.DELIVERED, number=2)])

        assert [line.response_headers for line in log.attempts(tx, one.id)] == [
            {"retry-after": "9"},
            None,
        ]


def test_news_are_what_was_made_or_attempted_between_two_marks(database: Database) -> None:
    with database.write() as tx:
        before = log_changes.start(database, tx)
    owner, _ = _with_one_of_each(database)

    with database.write() as tx:
        other = reseller(tx)
    with database.read() as tx:
        now = log_changes.advanced(database, tx, before)
        touched = log_changes.changed_between(tx, before, now, reseller_id=owner, limit=10)
        lines = log.lines(tx, touched, reseller_id=owner)
        assert [line.resource_uuid for line in lines] == ["l1", "c3", "c2", "c1"]
        assert log.lines(tx, touched, reseller_id=other) == []
        assert log_changes.changed_between(tx, before, now, reseller_id=other, limit=10) == []
        assert log_changes.changed_between(tx, now, now, reseller_id=owner, limit=10) == []
        assert len(log_changes.changed_between(tx, before, now, reseller_id=owner, limit=2)) == 2


def test_the_newest_repeat_of_a_delivery_is_found_while_pending_and_when_closed(
    database: Database,
) -> None:
    owner, webhook_id = _with_one_of_each(database)
    failures = LogQuery(owner, frozenset({State.FAILED}))
    with database.write() as tx:
        (failed,) = log.page(tx, failures)
        before = log.repeat(tx, failed)
        (first,) = deliveries.replay(tx, [failed.delivery_id])
        pending = log.repeat(tx, failed)
        (sent,) = (one for one in due(tx, webhook_id) if one.id == first)
        results.finish(tx, [made(sent, State.FAILED)])
        closed = log.repeat(tx, failed)
        (second,) = deliveries.replay(tx, [failed.delivery_id])

        assert (before, pending, closed) == (None, first, first)
        assert log.repeat(tx, failed) == second
        assert [log.repeat(tx, one) for one in log.page(tx, failures)] == [None, second]
