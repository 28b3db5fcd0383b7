"""What a backfill sends for a record, and when it cannot begin or go on."""

import json
from typing import Any

import pytest

from reseller_webhooks.core.enums import Action, Resource
from reseller_webhooks.core.errors import Invalid
from reseller_webhooks.core.records.changes import EventContext
from reseller_webhooks.core.records.events import Event
from reseller_webhooks.core.records.lifecycle import INITIATED
from reseller_webhooks.core.records.record import Record
from reseller_webhooks.core.sync import backfills
from reseller_webhooks.core.sync.backfills import Backfill, BackfillState, BackfillTarget

ALL = frozenset(Action)
ADDED, CHANGED, REMOVED = (frozenset({Action(one)}) for one in ("ADDED", "CHANGED", "REMOVED"))
STAMP = EventContext(at=9_000_000, event="e9", public_url="https://platform.example")


def restated(actions: frozenset[Action] = ALL, **given: Any) -> Event:
    columns: dict[str, Any] = {
        "id": 1,
        "reseller_id": 1,
        "resource": Resource.COMPANY,
        "uuid": "c1",
        "parent": None,
        "alias": None,
        "version": 7,
        "removed": False,
        "status": "ACTIVE",
        "content": '{"name":"Acme"}',
        "changed_at": 5_000_000,
    }
    event = backfills.restate(Record(**columns | given), actions, STAMP, with_removed=True)
    assert event
    return event


def removed(actions: frozenset[Action] = ALL) -> Event:
    return restated(actions, removed=True, content=None, status=None)


def backfill(**given: Any) -> Backfill:
    columns: dict[str, Any] = {
        "webhook_id": 1,
        "resource": Resource.COMPANY,
        "state": BackfillState.RUNNING,
        "message": None,
        "rate": 50,
        "with_removed": False,
        "total": 10,
        "sent": 0,
        "passed": 0,
        "last": 10,
        "started_at": 1,
        "next_at": 1,
        "finished_at": None,
    }
    return Backfill(**columns | given)


def target(**given: Any) -> BackfillTarget:
    columns: dict[str, Any] = {
        "reseller_id": 1,
        "part": 0,
        "resource": Resource.COMPANY,
        "actions": ALL,
        "deleted": False,
    }
    return BackfillTarget(**columns | given)


def test_the_present_state_is_told_as_a_change_of_nothing() -> None:
    body = json.loads(restated().body)

    assert body == {
        "uuid": "e9",
        "timestamp": 5_000,
        "resource": {
            "type": "COMPANY",
            "uuid": "c1",
            "url": "https://platform.example/api/account/v1/companies/c1?isExternalId=false",
            "content": {"name": "Acme"},
        },
        "resourceAction": "CHANGED",
        "resourceVersion": 7,
        "changedFields": [],
    }
    assert list(body)[:2] == ["uuid", "timestamp"]


def test_it_is_told_as_added_where_only_that_is_ticked() -> None:
    event = restated(ADDED | REMOVED)

    assert event.action is Action.ADDED
    assert json.loads(event.body)["resourceAction"] == "ADDED"
    assert "changedFields" not in json.loads(event.body)


def test_a_tombstone_is_told_as_removed_without_content() -> None:
    assert json.loads(removed().body)["resource"] == {"type": "COMPANY", "uuid": "c1"}
    assert removed().action is Action.REMOVED


LEAVING = Record(
    1, 1, Resource.APP_ASSIGNMENT, "a1", "s1", "u1", 7, False, INITIATED, '{"id":"a1"}', 5
)
TOMBSTONE = Record(1, 1, Resource.COMPANY, "c1", None, None, 7, True, None, None, 5)


@pytest.mark.parametrize("record", [TOMBSTONE, LEAVING])
def test_what_is_removed_is_told_only_when_asked_for(record: Record) -> None:
    assert backfills.restate(record, ALL, STAMP, with_removed=False) is None


@pytest.mark.parametrize("record", [TOMBSTONE, LEAVING])
def test_what_is_removed_is_told_only_where_deleted_is_ticked(record: Record) -> None:
    assert backfills.restate(record, ADDED | CHANGED, STAMP, with_removed=True) is None


def test_an_app_assignment_that_is_leaving_is_told_as_removed() -> None:
    event = backfills.restate(LEAVING, ALL, STAMP, with_removed=True)

    assert event
    assert json.loads(event.body)["resource"] == {"type": "APP_ASSIGNMENT", "uuid": "a1"}


def test_the_event_is_kept_from_now_on_and_no_fan_out_tells_of_it() -> None:
    event = restated()

    assert (event.uuid, event.changed_at, event.ticked) == ("e9", STAMP.at, frozenset())


@pytest.mark.parametrize("actions", [ADDED, CHANGED, ALL])
def test_it_can_begin_where_added_or_changed_is_ticked(actions: frozenset[Action]) -> None:
    backfills.check(actions, with_removed=False)


def test_it_cannot_begin_where_neither_is_ticked() -> None:
    with pytest.raises(Invalid, match="neither Added nor Changed"):
        backfills.check(REMOVED, with_removed=False)


def test_it_cannot_tell_of_removed_records_where_deleted_is_not_ticked() -> None:
    with pytest.raises(Invalid, match="Deleted not ticked"):
        backfills.check(ADDED | CHANGED, with_removed=True)


def test_it_goes_on_while_the_webhook_is_as_it_was() -> None:
    assert backfills.ending(backfill(), target()) is None


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"deleted": True}, "its webhook was deleted"),
        ({"resource": Resource.ORDER}, "its webhook is about another resource now, Order"),
        ({"actions": REMOVED}, "its webhook has neither Added nor Changed ticked any more"),
    ],
)
def test_it_ends_with_what_it_was_for(given: dict[str, Any], reason: str) -> None:
    assert str(backfills.ending(backfill(), target(**given))) == reason


def test_a_slow_one_may_be_as_far_ahead_as_a_quicker_one() -> None:
    assert backfill(rate=1).ahead_max == 100
    assert backfill(rate=500).ahead_max == 1_000
