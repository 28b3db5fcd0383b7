"""Records, on both databases."""

from dataclasses import replace

import pytest

from reseller_webhooks.core.enums import Resource
from reseller_webhooks.store.db.database import Database
from reseller_webhooks.store.records import records
from tests.store.factories import record, reseller


def test_a_record_comes_back_as_it_was_added(database: Database) -> None:
    with database.write() as tx:
        one = record(reseller_id=reseller(tx), content='{"name":"Zürich ✓"}')
        records.add(tx, [one])

    with database.read() as tx:
        found = records.find_many(tx, {records.key(one)})
    assert replace(found[records.key(one)], id=None) == one


def test_only_the_named_records_are_held(database: Database) -> None:
    with database.write() as tx:
        first, second = reseller(tx), reseller(tx)
        records.add(tx, [record(reseller_id=first), record(reseller_id=second)])
        records.add(tx, [record(reseller_id=first, resource=Resource.LEAD)])

        found = records.find_many(tx, {("c1", Resource.COMPANY, first)})

    assert [(one.reseller_id, one.resource) for one in found.values()] == [
        (first, Resource.COMPANY)
    ]


def test_replace_overwrites_the_state(database: Database) -> None:
    with database.write() as tx:
        one = record(reseller_id=reseller(tx))
        records.add(tx, [one])
        held = records.find_many(tx, {records.key(one)})[records.key(one)]
        tombstone = replace(held, version=2, removed=True, content=None, status=None)
        records.replace(tx, [tombstone])

        assert records.find_many(tx, {records.key(one)})[records.key(one)] == tombstone


def test_an_assignment_goes_by_its_user_within_its_subscription(database: Database) -> None:
    with database.write() as tx:
        one = record(
            reseller_id=reseller(tx),
            resource=Resource.APP_ASSIGNMENT,
            uuid="a1",
            parent="s1",
            alias="u1",
        )
        records.add(tx, [one])
        by = {
            name: records.find(tx, Resource.APP_ASSIGNMENT, name, reseller_id=None, parent=parent)
            for name, parent in (("u1", "s1"), ("a1", "s1"))
        }
        elsewhere = records.find(tx, Resource.APP_ASSIGNMENT, "u1", reseller_id=None, parent="s2")

    assert {name: [r.uuid for r in found] for name, found in by.items()} == {
        "u1": ["a1"],
        "a1": ["a1"],
    }
    assert elsewhere == []


def test_pages_follow_on_and_leave_out_what_is_removed(database: Database) -> None:
    with database.write() as tx:
        owner = reseller(tx)
        records.add(tx, [record(reseller_id=owner, uuid=f"c{i}") for i in range(5)])
        records.add(tx, [record(reseller_id=owner, uuid="gone", removed=True, content=None)])

        first = records.page(tx, Resource.COMPANY, reseller_id=owner, limit=3)
        last = first[-1].id
        assert last is not None
        second = records.page(tx, Resource.COMPANY, reseller_id=owner, after=last, limit=3)

    assert [r.uuid for r in first + second] == ["c0", "c1", "c2", "c3", "c4"]


def test_numbers_count_up_for_each_name(database: Database) -> None:
    with database.write() as tx:
        drawn = [records.next_number(tx, name) for name in ("ORDER", "ORDER", "INVOICE")]

    assert drawn == [1, 2, 1]


def test_nothing_is_left_of_a_transaction_that_failed(database: Database) -> None:
    def write_and_fail() -> None:
        with database.write() as tx:
            records.add(tx, [record(reseller_id=reseller(tx))])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_and_fail()

    with database.read() as tx:
        assert records.page(tx, Resource.COMPANY, reseller_id=None, limit=9) == []
