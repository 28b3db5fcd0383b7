"""Fan-out, scans and results, on both databases."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from reseller_webhooks.clock import SECOND
from reseller_webhooks.core.deliveries.delivery import ScanRequest, State
from reseller_webhooks.core.deliveries.log import LogQuery
from reseller_webhooks.core.enums import Action, Resource
from reseller_webhooks.core.messages import plain
from reseller_webhooks.store.db.database import Database, Tx
from reseller_webhooks.store.deliveries import deliveries, log, results
from reseller_webhooks.store.deliveries.due_scan import scan
from reseller_webhooks.store.records import events
from reseller_webhooks.store.webhooks import webhooks
from tests.store.factories import due, event, made, reseller, scanned, told, webhook


def test_only_what_waits_for_a_later_time_is_made_due(database: Database) -> None:
    with database.write() as tx:
        owner = reseller(tx)
        one = webhook(tx, reseller_id=owner)
        other = webhook(tx, reseller_id=owner, url="https://other.example/")
        told(tx, *(event(reseller_id=owner, version=n) for n in range(1, 6)))
        later = tx.now + 3_600 * SECOND
        for row in (one, other):
            for first in due(tx, row.id)[:3]:
                results.finish(tx, [made(first, State.PENDING, next_at=later)])
    with database.write() as tx:
        counts = [deliveries.retry_now(tx, one.id, limit=2) for _ in range(3)]

        assert counts == [2, 1, 0]
        assert sorted(row.attempts for row in due(tx, one.id)) == [0, 0, 1, 1, 1]
        assert len(due(tx, other.id)) == 2


@pytest.mark.parametrize(
    ("actions", "ticked", "is_told"),
    [
        ({Action.ADDED}, {Action.ADDED}, True),
        ({Action.ADDED}, {Action.CHANGED}, False),
        ({Action.ADDED}, {Action.ADDED, Action.CHANGED}, True),
        ({Action.ADDED, Action.CHANGED}, {Action.ADDED, Action.CHANGED}, True),
        ({Action.REMOVED}, {Action.ADDED, Action.CHANGED}, False),
    ],
)
def test_an_event_goes_once_to_a_webhook_with_one_of_its_boxes_ticked(
    database: Database, actions: set[Action], ticked: set[Action], is_told: bool
) -> None:
    with database.write() as tx:
        owner = reseller(tx)
        one = webhook(tx, reseller_id=owner, actions=frozenset(actions))
        told(tx, event(reseller_id=owner, ticked=frozenset(ticked)))

        assert len(due(tx, one.id)) == int(is_told)


def test_an_event_goes_to_no_other_reseller_resource_or_deleted_webhook(
    database: Database,
) -> None:
    with database.write() as tx:
        owner, other = reseller(tx), reseller(tx)
        strangers = [
            webhook(tx, reseller_id=other),
            webhook(tx, reseller_id=owner, resource="LEAD"),
            webhooks.change(
                tx, webhook(tx, reseller_id=owner, url="https://gone.example/").id, deleted_at=1
            ),
        ]
        told(tx, event(reseller_id=owner))

        assert [due(tx, one.id) for one in strangers] == [[], [], []]


def test_one_event_fans_out_to_every_matching_webhook(database: Database) -> None:
    with database.write() as tx:
        owner = reseller(tx)
        many = [webhook(tx, reseller_id=owner, url=f"https://r{i}.example/") for i in range(7)]
        told(tx, event(reseller_id=owner), event(reseller_id=owner, version=2))

        assert [len(due(tx, one.id)) for one in many] == [2] * 7


def test_a_scan_brings_what_is_due_first(database: Database) -> None:
    with database.write() as tx:
        owner = reseller(tx)
        one = webhook(tx, reseller_id=owner)
        told(tx, *(event(reseller_id=owner, version=v, resource_uuid=f"c{v}") for v in (1, 2, 3)))
        first, second, _ = due(tx, one.id)
        results.finish(tx, [made(second, State.PENDING, next_at=first.next_at - 1)])

        assert [d.version for d in due(tx, one.id)] == [2, 1, 3]
        assert [d.version for d in due(tx, one.id, limit=2)] == [2, 1]


def test_a_scan_says_when_the_first_of_the_others_is_due(database: Database) -> None:
    with database.write() as tx:
        owner = reseller(tx)
        one = webhook(tx, reseller_id=owner)
        told(tx, *(event(reseller_id=owner, version=v) for v in (1, 2, 3)))
        first, second, _ = due(tx, one.id)
        later = [made(first, State.PENDING, next_at=tx.now + 9)]
        later.append(made(second, State.PENDING, next_at=tx.now + 7))
        results.finish(tx, later)
        rows = scanned(tx, ScanRequest(one.id, heads_only=False, limit=100, held=frozenset()))

    assert ([d.version for d in rows.due], rows.later, rows.full) == ([3], tx.now + 7, False)


def test_a_scan_goes_on_where_another_has_ended(database: Database) -> None:
    with database.write() as tx:
        owner = reseller(tx)
        one = webhook(tx, reseller_id=owner)
        told(tx, *(event(reseller_id=owner, version=v) for v in (1, 2, 3)))
        first = scanned(tx, ScanRequest(one.id, heads_only=False, limit=2, held=frozenset()))
        held = frozenset(d.id for d in first.due)
        second = scanned(
            tx, ScanRequest(one.id, heads_only=False, limit=2, held=held, after=first.upto)
        )
        third = scanned(
            tx, ScanRequest(one.id, heads_only=False, limit=2, held=held, after=second.upto)
        )

    assert ([d.version for d in first.due], first.full) == ([1, 2], True)
    assert ([d.version for d in second.due], second.full) == ([3], False)
    assert (third.due, third.upto) == ([], second.upto)


def test_what_is_held_is_not_found_again(database: Database) -> None:
    with database.write() as tx:
        owner = reseller(tx)
        one = webhook(tx, reseller_id=owner)
        told(tx, *(event(reseller_id=owner, version=v) for v in (1, 2, 3)))
        held = frozenset(d.id for d in due(tx, one.id)[:2])
        rows = scanned(tx, ScanRequest(one.id, heads_only=False, limit=1, held=held))

    assert ([d.version for d in rows.due], rows.full) == ([3], True)


def test_an_ordered_scan_brings_only_the_oldest_of_each_resource(database: Database) -> None:
    with database.write() as tx:
        owner = reseller(tx)
        one = webhook(tx, reseller_id=owner)
        told(
            tx,
            event(reseller_id=owner, version=1),
            event(reseller_id=owner, version=2),
            event(reseller_id=owner, version=5, resource_uuid="c2"),
        )
        heads = due(tx, one.id, ordered=True)
        results.finish(tx, [made(heads[0], State.DELIVERED)])
        after = due(tx, one.id, ordered=True)

    assert [(d.resource_uuid, d.version) for d in heads] == [("c1", 1), ("c2", 5)]
    assert [(d.resource_uuid, d.version) for d in after] == [("c1", 2), ("c2", 5)]


def test_an_ordered_scan_says_when_the_first_head_is_due_and_not_what_waits_behind_it(
    database: Database,
) -> None:
    with database.write() as tx:
        owner = reseller(tx)
        one = webhook(tx, reseller_id=owner)
        told(tx, *(event(reseller_id=owner, version=v) for v in (1, 2)))
        head, behind = due(tx, one.id)
        waiting = [made(head, State.PENDING, next_at=tx.now + 9)]
        waiting.append(made(behind, State.PENDING, next_at=tx.now + 5))
        results.finish(tx, waiting)
        rows = scanned(tx, ScanRequest(one.id, heads_only=True, limit=100, held=frozenset()))

    assert (rows.due, rows.later) == ([], tx.now + 9)


def test_of_what_is_not_due_a_scan_reads_only_the_first(database: Database) -> None:
    with database.write() as tx:
        owner = reseller(tx)
        one = webhook(tx, reseller_id=owner)
        told(tx, *(event(reseller_id=owner, version=v) for v in range(1, 7)))
        some = due(tx, one.id)
        wait = {2: 7, 3: 7, 4: 8, 5: 9, 6: 9}
        later = [d for d in some if d.version in wait]
        results.finish(
            tx, [made(d, State.PENDING, next_at=tx.now + wait[d.version]) for d in later]
        )
        held = frozenset(d.id for d in some if d.version in (2, 3))
        rows = scanned(tx, ScanRequest(one.id, heads_only=False, limit=4, held=frozenset()))
        around = scanned(tx, ScanRequest(one.id, heads_only=False, limit=4, held=held))

    assert ([d.version for d in rows.due], rows.later, rows.full) == ([1], tx.now + 7, False)
    assert ([d.version for d in around.due], around.later, around.full) == ([1], None, False)


def test_one_scan_asks_for_any_number_of_webhooks(database: Database) -> None:
    with database.write() as tx:
        owner = reseller(tx)
        urls = [f"https://r{n}.example/" for n in range(131)]
        many = [webhook(tx, reseller_id=owner, url=url) for url in urls]
        told(tx, event(reseller_id=owner))
        for count in (1, 2, 3, 128, 131):
            asks = [
                ScanRequest(one.id, heads_only=False, limit=5, held=frozenset())
                for one in many[:count]
            ]
            found = scan(tx, asks, heads_only=False)

            assert [[d.webhook_id for d in rows.due] for rows in found] == [
                [one.id] for one in many[:count]
            ]


def test_the_first_due_of_each_webhook_is_known_without_those_that_have_none(
    database: Database,
) -> None:
    with database.write() as tx:
        owner = reseller(tx)
        one = webhook(tx, reseller_id=owner)
        webhook(tx, reseller_id=owner, resource="LEAD")
        told(tx, *(event(reseller_id=owner, version=v) for v in (1, 2)))
        first, second = due(tx, one.id)
        results.finish(tx, [made(first, State.PENDING, next_at=tx.now + 9)])

        assert deliveries.first_due(tx) == {one.id: second.next_at}


def test_a_delivered_one_leaves_the_table_and_stands_in_the_log(database: Database) -> None:
    with database.write() as tx:
        owner = reseller(tx)
        one = webhook(tx, reseller_id=owner)
        told(tx, event(reseller_id=owner))
        sent = due(tx, one.id)[0]
        results.finish(tx, [made(sent, State.DELIVERED)])

        assert due(tx, one.id) == []
        line = log.page(tx, LogQuery(owner))[0]
    assert (line.delivery_id, line.state, line.attempts) == (sent.id, State.DELIVERED, 1)
    assert line.last_status == 200


def test_a_failed_attempt_waits_for_its_time_with_the_count_kept(database: Database) -> None:
    with database.write() as tx:
        owner = reseller(tx)
        one = webhook(tx, reseller_id=owner)
        told(tx, event(reseller_id=owner))
        sent = due(tx, one.id)[0]
        results.finish(tx, [made(sent, State.PENDING, next_at=77)])

        waiting = due(tx, one.id)[0]
        line = log.page(tx, LogQuery(owner))[0]
    assert (waiting.attempts, waiting.next_at) == (1, 77)
    assert (line.state, line.attempts, line.next_at) == (State.PENDING, 1, 77)
    assert line.last_message == plain("answered 503")


def test_a_result_that_comes_after_a_cancel_is_kept_and_changes_nothing(
    database: Database,
) -> None:
    with database.write() as tx:
        owner = reseller(tx)
        one = webhook(tx, reseller_id=owner)
        told(tx, event(reseller_id=owner))
        sent = due(tx, one.id)[0]
        deliveries.cancel(tx, one.id, limit=10)
        results.finish(tx, [made(sent, State.DELIVERED)])

        lines = log.page(tx, LogQuery(owner))
        tried = log.attempts(tx, sent.id)
    assert [line.state for line in lines] == [State.CANCELLED]
    assert [(a.outcome, a.state) for a in tried] == [
        (None, State.CANCELLED),
        ("ACCEPTED", None),
    ]


def test_a_newer_event_supersedes_older_ones_only_where_the_latest_state_is_wanted(
    database: Database,
) -> None:
    with database.write() as tx:
        owner = reseller(tx)
        latest = webhook(tx, reseller_id=owner, mode="LATEST_STATE")
        every = webhook(tx, reseller_id=owner, url="https://every.example/")
        for version in (1, 2, 3):
            numbers = told(tx, event(reseller_id=owner, version=version))
            deliveries.supersede(tx, numbers)

        assert [d.version for d in due(tx, latest.id)] == [3]
        assert [d.version for d in due(tx, every.id)] == [1, 2, 3]
        superseded = log.page(tx, LogQuery(owner, states=frozenset({State.SUPERSEDED})))
    assert [line.version for line in superseded] == [2, 1]


def test_a_replay_is_a_new_delivery_of_the_same_event(database: Database) -> None:
    with database.write() as tx:
        owner = reseller(tx)
        one = webhook(tx, reseller_id=owner)
        told(tx, event(reseller_id=owner))
        sent = due(tx, one.id)[0]
        results.finish(tx, [made(sent, State.FAILED)])
        again = deliveries.replay(tx, [sent.id])

        found = due(tx, one.id)
    assert [(d.id, d.event_id, d.replay_of, d.attempts) for d in found] == [
        (again[0], sent.event_id, sent.id, 0)
    ]


def test_a_deleted_webhook_gets_no_replay(database: Database) -> None:
    with database.write() as tx:
        owner = reseller(tx)
        one = webhook(tx, reseller_id=owner)
        told(tx, event(reseller_id=owner))
        sent = due(tx, one.id)[0]
        results.finish(tx, [made(sent, State.FAILED)])
        webhooks.change(tx, one.id, deleted_at=1)

        assert deliveries.replay(tx, [sent.id]) == []


def test_numbers_of_deliveries_are_never_used_again(database: Database) -> None:
    with database.write() as tx:
        owner = reseller(tx)
        one = webhook(tx, reseller_id=owner)
        seen = []
        for version in (1, 2, 3):
            told(tx, event(reseller_id=owner, version=version))
            sent = due(tx, one.id)[0]
            seen.append(sent.id)
            results.finish(tx, [made(sent, State.DELIVERED)])

    assert len(set(seen)) == 3


def test_new_deliveries_come_by_number_with_their_partitions(database: Database) -> None:
    with database.write() as tx:
        owner = reseller(tx)
        one = webhook(tx, reseller_id=owner)
        told(tx, *(event(reseller_id=owner, version=v) for v in (1, 2, 3)))
        first, *_ = deliveries.above(tx, 0, limit=1)
        others = deliveries.above(tx, first[1].id, limit=10)

    assert [part for part, _ in (first, *others)] == [one.part] * 3
    assert [d.version for _, d in (first, *others)] == [1, 2, 3]


def test_arrivals_name_the_webhooks_with_something_new(database: Database) -> None:
    with database.write() as tx:
        owner = reseller(tx)
        one = webhook(tx, reseller_id=owner)
        told(tx, event(reseller_id=owner))
        newest, first = deliveries.newest_by_webhook(tx, 0)
        _, second = deliveries.newest_by_webhook(tx, newest)

    assert (first, second) == ([one.id], [])


def test_a_thousand_events_are_numbered_in_their_sequence(database: Database) -> None:
    with database.write() as tx:
        owner = reseller(tx)
        some = [event(reseller_id=owner, version=v, resource_uuid=f"c{v}") for v in range(1000)]
        numbers = events.add(tx, some)
        uuids = log.event_uuids(tx, numbers)

    assert [uuids[number] for number in numbers] == [one.uuid for one in some]


def test_events_of_a_resource_come_newest_first(database: Database) -> None:
    with database.write() as tx:
        owner = reseller(tx)
        events.add(tx, [event(reseller_id=owner, version=v) for v in (1, 2, 3)])
        found = events.of_resource(tx, Resource.COMPANY, "c1", reseller_id=owner, before=3, limit=9)

    assert [one.version for one in found] == [2, 1]


def test_what_failed_is_repeated_once_however_often_it_is_asked_for(database: Database) -> None:
    with database.write() as tx:
        owner = reseller(tx)
        one = webhook(tx, reseller_id=owner)
        told(tx, event(reseller_id=owner))
        numbers, counts = [due(tx, one.id)[0].id], []
        for _ in range(4):
            results.finish(tx, [made(due(tx, one.id)[0], State.FAILED)])
            counts += [len(repeat_all(tx, numbers)), len(repeat_all(tx, numbers))]
            numbers.append(due(tx, one.id)[0].id)
        results.finish(tx, [made(due(tx, one.id)[0], State.DELIVERED)])

        assert counts == [1, 0] * 4
        assert repeat_all(tx, numbers[:-1]) == []


def test_of_two_repeats_by_hand_at_once_only_one_is_made(database: Database) -> None:
    with database.write() as tx:
        owner = reseller(tx)
        one = webhook(tx, reseller_id=owner)
        told(tx, event(reseller_id=owner))
        (sent,) = due(tx, one.id)
        results.finish(tx, [made(sent, State.DELIVERED)])

    def again(_: int) -> int:
        with database.write() as tx:
            return len(deliveries.replay(tx, [sent.id]))

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(again, range(4))) == [0, 0, 0, 1]


def test_an_old_state_is_not_repeated_to_who_wants_the_latest(database: Database) -> None:
    with database.write() as tx:
        owner = reseller(tx)
        latest = webhook(tx, reseller_id=owner, mode="LATEST_STATE")
        every = webhook(tx, reseller_id=owner, url="https://other.example/")
        for version in (1, 2):
            told(tx, event(reseller_id=owner, version=version))
            state = State.FAILED if version == 1 else State.DELIVERED
            done = [made(one, state) for hook in (latest, every) for one in due(tx, hook.id)]
            results.finish(tx, done)
        failed = [
            line.delivery_id for line in log.page(tx, LogQuery(owner, frozenset({State.FAILED})))
        ]
        repeat_all(tx, failed)

        assert due(tx, latest.id) == []
        assert [one.version for one in due(tx, every.id)] == [1]


def repeat_all(tx: Tx, numbers: list[int]) -> list[int]:
    return deliveries.replay(tx, numbers, only_newest=True)
