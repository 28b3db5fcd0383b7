"""The sample reseller: records that look real, and a next change for the button.

Everything follows from the arguments, so that every demo tells the same story.
"""

from collections.abc import Iterator

from reseller_webhooks.core.enums import Resource
from reseller_webhooks.core.records import read_content
from reseller_webhooks.demo.sample.accounts import app_assignment, company, lead
from reseller_webhooks.demo.sample.billing import invoice, order, subscription
from reseller_webhooks.demo.sample.context import Fields, SampleContext
from reseller_webhooks.demo.sample.data import (
    ASSIGNEES,
    FIRMS,
    INVOICES,
    PROSPECTS,
    PURCHASES,
    RESELLER,
)
from reseller_webhooks.demo.sample.next_change import next_change

__all__ = ["RESELLER", "next_change", "sample_changes"]


def sample_changes(reseller: str, public_url: str, today_ms: int) -> list[Fields]:
    """All records of the sample, as entries for POST /api/v1/changes.

    reseller: its id. public_url: the base of the links. today_ms: ages count back from it.
    """
    scene = SampleContext(public_url, today_ms)
    return [
        {
            "reseller": reseller,
            "type": resource.value,
            "uuid": uuid,
            "content": read_content(resource, uuid, fields).fields,
        }
        for resource, uuid, fields in _records(scene)
    ]


def _records(scene: SampleContext) -> Iterator[tuple[Resource, str, Fields]]:
    for firm in FIRMS:
        yield Resource.COMPANY, firm.uuid, company(scene, firm)
    for age, prospect in enumerate(PROSPECTS, start=2):
        yield Resource.LEAD, prospect.uuid, lead(scene, prospect, age)
    for purchase in PURCHASES:
        yield Resource.ORDER, str(purchase.order), order(scene, purchase)
        yield Resource.SUBSCRIPTION, purchase.subscription, subscription(scene, purchase)
    for number, purchase, status in INVOICES:
        yield Resource.INVOICE, str(number), invoice(scene, purchase, number, status)
    for age, assignee in enumerate(ASSIGNEES, start=1):
        yield Resource.APP_ASSIGNMENT, assignee.uuid, app_assignment(scene, assignee, age)
