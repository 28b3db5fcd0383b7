"""Names and paths of records."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from reseller_webhooks.core.enums import Resource
from reseller_webhooks.core.errors import Invalid
from reseller_webhooks.core.messages.changes import (
    NOT_IN_ADDRESSES,
    SUBSCRIPTION_MISSING,
    TWO_SUBSCRIPTIONS,
)
from reseller_webhooks.core.records.problem_text import quote
from reseller_webhooks.core.text import truncate

NUMBERED = frozenset({Resource.ORDER, Resource.INVOICE})
"""Resources that AppDirect counts; their uuid on the wire is a decimal number as a string."""

# 15 digits are whole numbers to every JSON reader, also to those that read doubles.
_NUMBER = re.compile(r"(?:0|[1-9][0-9]{0,14})\Z", re.ASCII)
# Goes into paths as it is. Only dots would lead out of the folder.
_WORD = re.compile(r"(?!\.+\Z)[A-Za-z0-9_.:-]{1,64}\Z")
_ASSIGNMENT = re.compile(r"/subscriptions/([^/?#]+)/assignments/")

_PATHS = {
    Resource.COMPANY: "/api/account/v1/companies/{uuid}?isExternalId=false",
    Resource.INVOICE: "/api/billing/v1/invoices/{uuid}",
    Resource.LEAD: "/api/lead/v2/leads/{uuid}",
    Resource.ORDER: "/api/billing/v1/orders/{uuid}",
    Resource.SUBSCRIPTION: "/api/billing/v1/subscriptions/{uuid}",
    Resource.APP_ASSIGNMENT: "/api/account/v2/subscriptions/{parent}/assignments/{alias}",
}


def path(resource: Resource, uuid: str, parent: str | None = None, alias: str | None = None) -> str:
    """The path and query of `resource.url`, as AppDirect has them.

    parent, alias: of an app assignment, its subscription and its user, who ends the path.
    """
    return _PATHS[resource].format(uuid=uuid, parent=parent, alias=alias)


def check_uuid(uuid: str) -> None:
    """Raise Invalid at /uuid unless a record can be called so."""
    _check_word("/uuid", uuid)


def identity(resource: Resource, uuid: str) -> str | int:
    """The record's id as its content says it: a number where AppDirect counts.

    A platform that names its orders and invoices otherwise keeps its names.
    """
    return int(uuid) if resource in NUMBERED and _NUMBER.match(uuid) else uuid


def owners(fields: Mapping[str, Any]) -> tuple[str, str]:
    """The subscription and the user of an app assignment. Raises Invalid when one is not clear."""
    user: str = fields["user"]["uuid"]
    _check_word("/user/uuid", user)
    named = set(_subscriptions(fields))
    if not named:
        raise Invalid.at("/subscriptionId", SUBSCRIPTION_MISSING())
    if len(named) > 1:
        one, other = map(truncate, sorted(named)[:2])
        raise Invalid.at("/subscriptionId", TWO_SUBSCRIPTIONS(one=one, other=other))
    subscription = named.pop()
    _check_word("/subscriptionId", subscription)
    return subscription, user


def _subscriptions(fields: Mapping[str, Any]) -> Iterator[str]:
    if (given := fields.get("subscriptionId")) is not None:
        yield given
    for link in fields["links"] or ():
        found = _ASSIGNMENT.search(link.get("href") or "")
        if found and link.get("rel") == "self":
            yield found[1]


def _check_word(pointer: str, word: str) -> None:
    if not _WORD.match(word):
        raise Invalid.at(pointer, NOT_IN_ADDRESSES(given=quote(word)))
