"""Records for scenarios: from the sample first, then generated without end."""

from dataclasses import replace

from reseller_webhooks.core.enums import Resource
from reseller_webhooks.demo.sample.accounts import app_assignment, company, lead
from reseller_webhooks.demo.sample.billing import invoice, order, subscription
from reseller_webhooks.demo.sample.context import Fields, SampleContext
from reseller_webhooks.demo.sample.data import (
    ASSIGNEES,
    FIRMS,
    INVOICES,
    PRODUCTS,
    PROSPECTS,
    PURCHASES,
)
from reseller_webhooks.demo.sample.models import Assignee, Firm, Purchase, SampleProspect

# Seven and five of each: the pairs repeat only after 35.
_FRONT = ("Amber", "Birchwood", "Cobalt", "Dovetail", "Everline", "Foxglove", "Granary")
_BACK = ("Logistics", "Dental", "Pottery", "Analytics", "Travel")
_FIRST = ("Aisha", "Bruno", "Chloe", "Dmitri", "Elena", "Farid", "Greta")
_LAST = ("Novak", "Osei", "Petrov", "Quintero", "Rossi")
_BUYERS = FIRMS[:-1]  # the last firm moves and goes, so it has bought nothing


def subject(resource: Resource, scene: SampleContext, number: int) -> tuple[str, Fields]:
    """The id and the first content of the number-th record that the resource's story is about."""
    match resource:
        case Resource.COMPANY:
            firm = _firm(number)
            return firm.uuid, company(scene, firm)
        case Resource.INVOICE:
            return _invoice(scene, number)
        case Resource.LEAD:
            prospect = _prospect(number)
            return prospect.uuid, lead(scene, prospect, 0)
        case Resource.ORDER:
            purchase = _purchase(number, "PENDING_REMOTE_CREATION")
            return str(purchase.order), order(scene, purchase)
        case Resource.SUBSCRIPTION:
            purchase = _purchase(number, "INITIALIZED")
            return purchase.subscription, subscription(scene, purchase)
        case Resource.APP_ASSIGNMENT:
            assignee = _assignee(number)
            return assignee.uuid, app_assignment(scene, assignee, 0)


def _firm(number: int) -> Firm:
    if number == 0:
        return FIRMS[-1]
    name = _pair(_FRONT, _BACK, number)
    first, last = _pair(_FIRST, _LAST, number)
    return replace(
        FIRMS[number % len(FIRMS)],
        key=f"{''.join(name).lower()}{number}",
        name=" ".join(name),
        first=first,
        last=last,
        age_days=0,
    )


def _invoice(scene: SampleContext, number: int) -> tuple[str, Fields]:
    first, purchase, _ = INVOICES[0]
    if number:
        first, purchase = first + 90 + number, PURCHASES[number % len(PURCHASES)]
    return str(first), invoice(scene, purchase, first, "UNPAID")


def _prospect(number: int) -> SampleProspect:
    if number == 0:
        return PROSPECTS[1]
    name = _pair(_FRONT, _BACK, number + 3)
    first, last = _pair(_FIRST, _LAST, number + 3)
    return SampleProspect(" ".join(name), first, last, "Halifax", "CA", "RANGE_10_24", "SUBMITTED")


def _purchase(number: int, status: str) -> Purchase:
    return Purchase(
        41000 + number,
        _BUYERS[(number * 5 + 7) % len(_BUYERS)],
        PRODUCTS[(number * 5 + 4) % len(PRODUCTS)],
        quantity=5 + number % 20,
        status=status,
        age_days=0,
    )


def _assignee(number: int) -> Assignee:
    if number == 0:
        return ASSIGNEES[4]
    first, last = _pair(_FIRST, _LAST, number)
    return Assignee(PURCHASES[number % len(PURCHASES)], first, last, "PENDING_USER_ACTIVATION")


def _pair(front: tuple[str, ...], back: tuple[str, ...], number: int) -> tuple[str, str]:
    return front[number % len(front)], back[number % len(back)]
