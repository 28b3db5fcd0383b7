"""The table of actions: every row, every pair of statuses, and walks through a record's life."""

from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reseller_webhooks.core.enums import Action, Resource
from reseller_webhooks.core.records.action_rules import (
    ROWS,
    Decision,
    decide,
    remove_request,
    rows_for,
    table_markdown,
)
from reseller_webhooks.core.records.lifecycle import ENDINGS, Stage, stage_of, stages
from reseller_webhooks.core.records.statuses import MOVES

ADDED, CHANGED, REMOVED = Action.ADDED, Action.CHANGED, Action.REMOVED
APP = Resource.APP_ASSIGNMENT
INITIATED = "PENDING_REMOTE_CANCELLATION"
PENDING = ["PENDING_REQUIRED_DATA", "PENDING_SEAT_AVAILABILITY", "PENDING_USER_ACTIVATION"]
SUSPENDED = "SUBSCRIPTION_SUSPENDED_PAY_INVOICE"
OTHERS = [one for one in Resource if one is not APP]


def outcome(decision: Decision | None) -> tuple[Action, set[Action], bool] | None:
    return decision and (decision.action, set(decision.ticked), decision.tombstone)


def statuses(resource: Resource) -> list[str | None]:
    return [None, *sorted(MOVES[resource])]


@pytest.mark.parametrize("resource", Resource)
def test_exactly_one_row_speaks_for_every_pair_of_statuses(resource: Resource) -> None:
    for before, after in product(statuses(resource), repeat=2):
        rows = rows_for(resource, stage_of(resource, before), stage_of(resource, after))

        assert len(rows) == 1, (before, after)
        assert decide(resource, before, after) == rows[0].decision


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.words)
def test_every_row_speaks_for_some_change_that_statuses_can_tell(row: object) -> None:
    spoken = {
        id(one)
        for resource in Resource
        for before, after in product(statuses(resource), repeat=2)
        for one in rows_for(resource, stage_of(resource, before), stage_of(resource, after))
    }

    assert id(row) in spoken


@pytest.mark.parametrize("resource", Resource)
def test_statuses_tell_exactly_the_stages_of_their_resource(resource: Resource) -> None:
    assert {stage_of(resource, status) for status in statuses(resource)} == set(stages(resource))


@pytest.mark.parametrize("resource", OTHERS)
def test_what_is_there_for_the_first_time_is_added(resource: Resource) -> None:
    for status in MOVES[resource].keys() - ENDINGS.get(resource, frozenset()):
        assert outcome(decide(resource, None, status)) == (ADDED, {ADDED}, False)


@pytest.mark.parametrize("resource", OTHERS)
def test_what_was_there_and_still_is_has_changed(resource: Resource) -> None:
    there = MOVES[resource].keys() - ENDINGS.get(resource, frozenset())
    for before, after in product(there, repeat=2):
        assert outcome(decide(resource, before, after)) == (CHANGED, {CHANGED}, False)


@pytest.mark.parametrize("resource", OTHERS)
def test_what_is_taken_away_is_removed_and_leaves_a_tombstone(resource: Resource) -> None:
    for status in MOVES[resource].keys() - ENDINGS.get(resource, frozenset()):
        assert outcome(decide(resource, status, None)) == (REMOVED, {REMOVED}, True)


@pytest.mark.parametrize(
    ("resource", "before", "after"),
    [
        (Resource.SUBSCRIPTION, "ACTIVE", "CANCELLED"),
        (Resource.SUBSCRIPTION, "FREE_TRIAL", "CANCELLED"),
        (Resource.ORDER, "FINISHED", "DELETED"),
        (Resource.LEAD, "ASSIGNED", "DELETED"),
    ],
)
def test_a_status_that_ends_a_record_removes_it(
    resource: Resource, before: str, after: str
) -> None:
    assert outcome(decide(resource, before, after)) == (REMOVED, {REMOVED}, True)


@pytest.mark.parametrize(
    ("resource", "before", "after"),
    [
        (Resource.INVOICE, "UNPAID", "VOIDED"),
        (Resource.LEAD, "ASSIGNED", "DISQUALIFIED"),
        (Resource.ORDER, "ACTIVE", "CANCELLED"),
        (Resource.ORDER, "ACTIVE", "FINISHED"),
    ],
)
def test_a_status_that_is_final_but_stays_on_record_is_a_change(
    resource: Resource, before: str, after: str
) -> None:
    assert outcome(decide(resource, before, after)) == (CHANGED, {CHANGED}, False)


@pytest.mark.parametrize("resource", Resource)
def test_nobody_is_told_when_nothing_was_there_and_nothing_is(resource: Resource) -> None:
    for after in (None, *ENDINGS.get(resource, ())):
        assert decide(resource, None, after) is None


def test_a_company_may_have_any_word_for_a_status() -> None:
    assert outcome(decide(Resource.COMPANY, "ACTIVE", "ON_HOLD")) == (CHANGED, {CHANGED}, False)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (None, "PENDING_USER_ACTIVATION", (ADDED, {ADDED}, False)),
        (None, "ACTIVE", (ADDED, {ADDED}, False)),
        (None, INITIATED, (ADDED, {ADDED}, False)),
        ("PENDING_USER_ACTIVATION", "PENDING_REMOTE_CREATION", (CHANGED, {CHANGED}, False)),
        ("PENDING_REMOTE_CREATION", "PENDING_REMOTE_CREATION", (CHANGED, {CHANGED}, False)),
        ("PENDING_REMOTE_CREATION", "ACTIVE", (CHANGED, {ADDED, CHANGED}, False)),
        ("FAILED", "ACTIVE", (CHANGED, {ADDED, CHANGED}, False)),
        ("PENDING_REMOTE_CREATION", "FAILED", (CHANGED, {CHANGED}, False)),
        ("FAILED", "PENDING_REMOTE_CREATION", (CHANGED, {CHANGED}, False)),
        ("ACTIVE", "ACTIVE", (CHANGED, {CHANGED}, False)),
        ("ACTIVE", SUSPENDED, (CHANGED, {CHANGED}, False)),
        (SUSPENDED, "ACTIVE", (CHANGED, {CHANGED}, False)),
        ("PENDING_SEAT_AVAILABILITY", SUSPENDED, (CHANGED, {CHANGED}, False)),
        ("ACTIVE", INITIATED, (REMOVED, {REMOVED}, False)),
        ("PENDING_USER_ACTIVATION", INITIATED, (REMOVED, {REMOVED}, False)),
        (INITIATED, "ACTIVE", (CHANGED, {CHANGED}, False)),
        (INITIATED, INITIATED, (CHANGED, {CHANGED}, False)),
        (INITIATED, "CANCELLED", (REMOVED, {REMOVED}, True)),
        (INITIATED, None, (REMOVED, {REMOVED}, True)),
        ("ACTIVE", "CANCELLED", (REMOVED, {REMOVED}, True)),
        ("FAILED", None, (REMOVED, {REMOVED}, True)),
    ],
)
def test_app_assignments_are_told_as_the_page_says(
    before: str | None, after: str | None, expected: tuple[Action, set[Action], bool]
) -> None:
    assert outcome(decide(APP, before, after)) == expected


@pytest.mark.parametrize("status", [*PENDING, "ACTIVE", SUSPENDED])
def test_a_request_to_unassign_initiates_the_unassignment(status: str) -> None:
    assert remove_request(APP, status) == INITIATED


@pytest.mark.parametrize("status", [INITIATED, "FAILED", None])
def test_a_request_to_unassign_what_is_leaving_or_failed_completes_it(status: str | None) -> None:
    assert remove_request(APP, status) is None


@pytest.mark.parametrize("resource", OTHERS)
def test_a_request_to_remove_anything_else_removes_it(resource: Resource) -> None:
    assert [remove_request(resource, status) for status in MOVES[resource]] == [None] * len(
        MOVES[resource]
    )


@given(st.data())
def test_no_change_in_any_life_is_told_twice_or_not_at_all(data: st.DataObject) -> None:
    resource = data.draw(st.sampled_from(Resource))
    walk = data.draw(st.lists(st.sampled_from(statuses(resource)), min_size=1, max_size=12))
    everything_ticked = frozenset(Action)
    held: str | None = None
    told: list[Action] = []
    for after in walk:
        decision = decide(resource, held, after)
        is_gone = stage_of(resource, after) is Stage.GONE
        if decision is None:
            assert held is None
            assert is_gone
            continue
        assert decision.action in decision.ticked <= everything_ticked
        assert decision.tombstone is is_gone
        told.append(decision.action)
        held = None if decision.tombstone else after

    assert not told or told[0] is ADDED
    assert all(one is not ADDED or before is REMOVED for before, one in pairwise(told))


def test_the_printed_table_has_a_line_for_every_row() -> None:
    lines = table_markdown().splitlines()

    assert [line for row in ROWS for line in lines if line.endswith(f"| {row.words} |")] == lines[
        -len(ROWS) :
    ]
    assert all(line.startswith("|") for line in lines if line)


def test_the_printed_table_says_that_provisioning_is_told_to_those_who_ticked_added() -> None:
    (line,) = (one for one in table_markdown().splitlines() if "provisioned" in one)

    assert line.startswith(
        "| App Assignment | pending, failed | there | `CHANGED` | Added or Changed"
    )
