"""The tables of legal moves."""

from typing import get_args

import pytest

from reseller_webhooks.core.enums import Resource
from reseller_webhooks.core.errors import Invalid
from reseller_webhooks.core.records.app_assignment import AppAssignmentStatus
from reseller_webhooks.core.records.invoice import InvoiceStatus
from reseller_webhooks.core.records.lead import LeadStatus
from reseller_webhooks.core.records.order import OrderStatus
from reseller_webhooks.core.records.statuses import MOVES, check_move
from reseller_webhooks.core.records.subscription import SubscriptionStatus

WORDS = {
    Resource.COMPANY: {"ACTIVE", "PENDING"},
    Resource.INVOICE: set(get_args(InvoiceStatus)),
    Resource.LEAD: set(get_args(LeadStatus)),
    Resource.ORDER: set(get_args(OrderStatus)),
    Resource.SUBSCRIPTION: set(get_args(SubscriptionStatus)),
    Resource.APP_ASSIGNMENT: set(get_args(AppAssignmentStatus)),
}
STARTS = {Resource.ORDER: {"INITIALIZED"}, Resource.LEAD: {"PENDING_SUBMISSION"}}


@pytest.mark.parametrize("resource", Resource)
def test_the_table_speaks_of_every_status_and_of_no_other_word(resource: Resource) -> None:
    assert MOVES[resource].keys() == WORDS[resource]
    assert set().union(*MOVES[resource].values()) <= WORDS[resource]


@pytest.mark.parametrize("resource", Resource)
def test_every_status_but_a_start_can_be_reached(resource: Resource) -> None:
    reached = set().union(*MOVES[resource].values())

    assert WORDS[resource] - reached == STARTS.get(resource, set())


@pytest.mark.parametrize("resource", Resource)
def test_no_status_is_listed_as_following_itself(resource: Resource) -> None:
    assert [word for word, following in MOVES[resource].items() if word in following] == []


@pytest.mark.parametrize("resource", Resource)
def test_any_status_may_be_the_first_and_any_may_stay(resource: Resource) -> None:
    for word in WORDS[resource]:
        check_move(resource, None, word)
        check_move(resource, word, word)
        check_move(resource, word, None)


@pytest.mark.parametrize(
    ("resource", "before", "after"),
    [
        (Resource.INVOICE, "UNPAID", "PAID"),
        (Resource.INVOICE, "PAID", "UNPAID"),
        (Resource.ORDER, "INITIALIZED", "ACTIVE"),
        (Resource.ORDER, "ACTIVE", "FINISHED"),
        (Resource.ORDER, "FINISHED", "DELETED"),
        (Resource.SUBSCRIPTION, "SUSPENDED", "ACTIVE"),
        (Resource.SUBSCRIPTION, "FREE_TRIAL_EXPIRED", "ACTIVE"),
        (Resource.LEAD, "SUBMITTED", "CONVERTED"),
        (Resource.APP_ASSIGNMENT, "PENDING_USER_ACTIVATION", "PENDING_REMOTE_CREATION"),
        (Resource.APP_ASSIGNMENT, "FAILED", "PENDING_REMOTE_CREATION"),
        (Resource.APP_ASSIGNMENT, "PENDING_REMOTE_CANCELLATION", "ACTIVE"),
        (Resource.COMPANY, "ACTIVE", "ON_HOLD"),
        (Resource.COMPANY, "ON_HOLD", "ACTIVE"),
        (Resource.COMPANY, "ON_HOLD", "CLOSED"),
    ],
)
def test_moves_that_happen_are_legal(resource: Resource, before: str, after: str) -> None:
    check_move(resource, before, after)


@pytest.mark.parametrize(
    ("resource", "before", "after"),
    [
        (Resource.INVOICE, "VOIDED", "PAID"),
        (Resource.ORDER, "FINISHED", "ACTIVE"),
        (Resource.ORDER, "ACTIVE", "INITIALIZED"),
        (Resource.ORDER, "ACTIVE", "FREE_TRIAL"),
        (Resource.SUBSCRIPTION, "CANCELLED", "ACTIVE"),
        (Resource.SUBSCRIPTION, "ACTIVE", "FREE_TRIAL"),
        (Resource.LEAD, "CONVERTED", "SUBMITTED"),
        (Resource.LEAD, "DISQUALIFIED", "ASSIGNED"),
        (Resource.APP_ASSIGNMENT, "ACTIVE", "PENDING_USER_ACTIVATION"),
        (Resource.APP_ASSIGNMENT, "CANCELLED", "ACTIVE"),
    ],
)
def test_moves_that_cannot_be_are_refused(resource: Resource, before: str, after: str) -> None:
    with pytest.raises(Invalid):
        check_move(resource, before, after)


def test_a_refusal_names_both_statuses_and_what_could_follow() -> None:
    with pytest.raises(Invalid) as caught:
        check_move(Resource.LEAD, "CONVERTED", "SUBMITTED")

    (problem,) = caught.value.problems
    assert problem.pointer == "/status"
    assert problem.detail == "SUBMITTED cannot follow CONVERTED; only DELETED, LEGACY can"


def test_a_refusal_to_leave_a_final_status_says_that_it_is_final() -> None:
    with pytest.raises(Invalid, match="nothing can, it is final"):
        check_move(Resource.INVOICE, "VOIDED", "PAID")
