"""What happens in the demo's stories, resource by resource."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from reseller_webhooks.core.names import Resource
from reseller_webhooks.core.stages import INITIATED
from reseller_webhooks.demo.sample.accounts import converted
from reseller_webhooks.demo.sample.facts import RESELLER
from reseller_webhooks.demo.sample.scene import Fields

Patch = Callable[[Fields], Fields]


@dataclass(frozen=True)
class Chapter:
    """One change. words: the sentence that tells it, with {} for what the record is called.

    does: a function gives the fields that change; none when it cannot happen.
    """

    words: str
    does: Patch | Literal["add", "remove"]


@dataclass(frozen=True)
class Story:
    """called: what a record with this content is called in a sentence."""

    resource: Resource
    called: Callable[[Fields], str]
    chapters: tuple[Chapter, ...]


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
            Chapter("{} is issued.", "add"),
            Chapter("{} is paid.", _set(status="PAID")),
            Chapter("{} is voided.", _set(status="VOIDED")),
            Chapter("{} is deleted.", "remove"),
        ),
    ),
    Story(
        Resource.LEAD,
        _name_of_lead,
        (
            Chapter("A lead comes in: {}.", "add"),
            Chapter(f"The lead {{}} is assigned to {RESELLER}.", _set(status="ASSIGNED")),
            Chapter("The lead {} becomes a customer.", _convert),
            Chapter("The lead {} is deleted.", "remove"),
        ),
    ),
    Story(
        Resource.APP_ASSIGNMENT,
        _name_of_user,
        (
            Chapter("An application is assigned to {}.", "add"),
            Chapter("The vendor is asked to admit {}.", _set(status="PENDING_REMOTE_CREATION")),
            Chapter("The application of {} is provisioned.", _provision),
            Chapter(
                "Unassigning the application of {} is initiated.",
                _set(status=INITIATED),
            ),
            Chapter("Unassigning the application of {} is completed.", "remove"),
        ),
    ),
    Story(
        Resource.COMPANY,
        lambda company: str(company["name"]),
        (
            Chapter("{} signs up.", "add"),
            Chapter("{} moves to Montréal.", _move),
            Chapter("{} is disabled.", _set(enabled=False)),
            Chapter("{} is deleted.", "remove"),
        ),
    ),
    Story(
        Resource.ORDER,
        lambda order: f"Order {order['id']}",
        (
            Chapter("{} is placed.", "add"),
            Chapter("{} is provisioned.", _set(status="ACTIVE", activated=True)),
            Chapter("{} is finished.", _set(status="FINISHED")),
            Chapter("{} is deleted.", "remove"),
        ),
    ),
    Story(
        Resource.SUBSCRIPTION,
        _name_of_app,
        (
            Chapter("A subscription to {} begins.", "add"),
            Chapter("The subscription to {} is active.", _begin),
            Chapter("One more person uses the subscription to {}.", _one_more),
            Chapter("The subscription to {} is cancelled.", _set(status="CANCELLED")),
        ),
    ),
)
