"""Scenarios of the demo, by resource."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from reseller_webhooks.core.enums import Resource
from reseller_webhooks.core.records.lifecycle import INITIATED
from reseller_webhooks.demo.sample.accounts import converted
from reseller_webhooks.demo.sample.context import Fields
from reseller_webhooks.demo.sample.data import RESELLER

Patch = Callable[[Fields], Fields]


@dataclass(frozen=True)
class Scenario:
    """One change. words: a sentence about it, with {} for the record's name.

    does: a function gives the fields that change; none when it cannot happen.
    """

    words: str
    does: Patch | Literal["add", "remove"]


@dataclass(frozen=True)
class Story:
    """called: what a record with this content is called in a sentence."""

    resource: Resource
    called: Callable[[Fields], str]
    chapters: tuple[Scenario, ...]


def _set(**fields: Any) -> Patch:
    return lambda _: fields


def _move(_: Fields) -> Fields:
    place = {"street1": "75 Quai de la Gare", "city": "Montréal", "state": "QC", "zip": "H2Y1N3"}
    return {"contact": {"address": place | {"country": "CA"}}}


def _convert(lead: Fields) -> Fields:
    return {"status": "CONVERTED", **converted(_name_of_lead(lead))}


def _begin(_: Fields) -> Fields:
    return {"status": "ACTIVE", "order": {"status": "ACTIVE", "activated": True}}


def _provision(assignment: Fields) -> Fields:
    # From there it would be the unassignment that fails, which is another story.
    return {} if assignment["status"] == INITIATED else {"status": "ACTIVE"}


def _one_more(subscription: Fields) -> Fields:
    return {"assignedUsers": (subscription["assignedUsers"] or 0) + 1}


def _name_of_lead(lead: Fields) -> str:
    return str(((lead.get("customer") or {}).get("company") or {}).get("name", lead["id"]))


def _name_of_user(assignment: Fields) -> str:
    user = assignment["user"]
    return f"{user.get('firstName', 'user')} {user.get('lastName', user['uuid'])}"


def _name_of_app(subscription: Fields) -> str:
    lines = (subscription["order"] or {}).get("orderLines") or [{}]
    return str(lines[0].get("applicationName", subscription["id"]))


STORIES = (
    Story(
        Resource.INVOICE,
        lambda invoice: f"Invoice {invoice['invoiceId']}",
        (
            Scenario("{} is issued.", "add"),
            Scenario("{} is paid.", _set(status="PAID")),
            Scenario("{} is voided.", _set(status="VOIDED")),
            Scenario("{} is deleted.", "remove"),
        ),
    ),
    Story(
        Resource.LEAD,
        _name_of_lead,
        (
            Scenario("A lead comes in: {}.", "add"),
            Scenario(f"The lead {{}} is assigned to {RESELLER}.", _set(status="ASSIGNED")),
            Scenario("The lead {} becomes a customer.", _convert),
            Scenario("The lead {} is deleted.", "remove"),
        ),
    ),
    Story(
        Resource.APP_ASSIGNMENT,
        _name_of_user,
        (
            Scenario("An application is assigned to {}.", "add"),
            Scenario("The vendor is asked to admit {}.", _set(status="PENDING_REMOTE_CREATION")),
            Scenario("The application of {} is provisioned.", _provision),
            Scenario(
                "Unassigning the application of {} is initiated.",
                _set(status=INITIATED),
            ),
            Scenario("Unassigning the application of {} is completed.", "remove"),
        ),
    ),
    Story(
        Resource.COMPANY,
        lambda company: str(company["name"]),
        (
            Scenario("{} signs up.", "add"),
            Scenario("{} moves to Montréal.", _move),
            Scenario("{} is disabled.", _set(enabled=False)),
            Scenario("{} is deleted.", "remove"),
        ),
    ),
    Story(
        Resource.ORDER,
        lambda order: f"Order {order['id']}",
        (
            Scenario("{} is placed.", "add"),
            Scenario("{} is provisioned.", _set(status="ACTIVE", activated=True)),
            Scenario("{} is finished.", _set(status="FINISHED")),
            Scenario("{} is deleted.", "remove"),
        ),
    ),
    Story(
        Resource.SUBSCRIPTION,
        _name_of_app,
        (
            Scenario("A subscription to {} begins.", "add"),
            Scenario("The subscription to {} is active.", _begin),
            Scenario("One more person uses the subscription to {}.", _one_more),
            Scenario("The subscription to {} is cancelled.", _set(status="CANCELLED")),
        ),
    ),
)
