"""An example of each resource: for test notifications, the page and the docs.

A test notification has version 0, which is newer than nothing, so a receiver that applies only
what is newer ignores it by itself.
"""

from reseller_webhooks.core.enums import Resource
from reseller_webhooks.core.records import events, path, read_content

USER = "00000000-0000-4000-8000-0000000000aa"
COMPANY = "00000000-0000-4000-8000-0000000000cc"
SUBSCRIPTION = "00000000-0000-4000-8000-0000000000dd"
_BUYER = {
    "user": {"id": USER, "href": f"https://marketplace.example/api/account/v1/users/{USER}"},
    "company": {
        "id": COMPANY,
        "href": f"https://marketplace.example/api/account/v1/companies/{COMPANY}",
    },
}
CONTENTS: dict[Resource, tuple[str, dict[str, object]]] = {
    Resource.COMPANY: (COMPANY, {"name": "Example Ltd", "size": "SMALL", "countryCode": "CA"}),
    Resource.INVOICE: (
        "20",
        {"status": "UNPAID", "total": 10, "currency": "USD", "orderIds": ["4395"], **_BUYER},
    ),
    Resource.LEAD: (
        "00000000-0000-4000-8000-0000000000ee",
        {
            "partner": "APPDIRECT",
            "leadType": "MANUAL",
            "status": "ASSIGNED",
            "customer": {
                "company": {"name": "Example Ltd", "country": "CA"},
                "contact": {"firstName": "Ana", "lastName": "Roy", "email": "ana@example.com"},
            },
            "createdOn": 1534465177000,
            "lastModified": 1534857159000,
            "referrer": {"participantType": "CHANNEL"},
            "recipient": {"participantType": "COMPANY", "companyName": "Example Reseller"},
        },
    ),
    Resource.ORDER: (
        "4395",
        {"status": "ACTIVE", "type": "NEW", "frequency": "MONTHLY", "totalPrice": 10, **_BUYER},
    ),
    Resource.SUBSCRIPTION: (SUBSCRIPTION, {"status": "ACTIVE", "assignedUsers": 1, **_BUYER}),
    Resource.APP_ASSIGNMENT: (
        "00000000-0000-4000-8000-0000000000ff",
        {
            "subscriptionId": SUBSCRIPTION,
            "status": "PENDING_REMOTE_CREATION",
            "user": {"uuid": USER, "email": "ana@example.com"},
        },
    ),
}


def notification(resource: Resource, public_url: str, event: str, at: int) -> str:
    """An ADDED notification about an example record. at: microseconds UTC."""
    uuid, fields = CONTENTS[resource]
    content = read_content(resource, uuid, fields)
    url = public_url + path(resource, uuid, content.parent, content.alias)
    member = events.resource_json(resource, uuid, url, content.json)
    return events.body_with_content(event, at, member, version=0, changed_fields=None)
