"""The records' contents: read, checked and brought into AppDirect's shape.

A `Content` is what a notification carries and what GET on its `resource.url` answers.
"""

from dataclasses import dataclass
from typing import Any

from reseller_webhooks.core.enums import Resource
from reseller_webhooks.core.records.app_assignment import APP_ASSIGNMENT
from reseller_webhooks.core.records.base_models import RecordShape
from reseller_webhooks.core.records.company import COMPANY
from reseller_webhooks.core.records.diff import changed_fields, merge
from reseller_webhooks.core.records.invoice import INVOICE
from reseller_webhooks.core.records.lead import LEAD
from reseller_webhooks.core.records.order import ORDER
from reseller_webhooks.core.records.parse import parse_content
from reseller_webhooks.core.records.resource_paths import check_uuid, identity, owners, path
from reseller_webhooks.core.records.serialize import serialize
from reseller_webhooks.core.records.subscription import SUBSCRIPTION

__all__ = [
    "Content",
    "changed_fields",
    "check_uuid",
    "merge",
    "model_of",
    "path",
    "read_content",
]

SHAPES: dict[Resource, RecordShape] = {
    Resource.COMPANY: COMPANY,
    Resource.INVOICE: INVOICE,
    Resource.LEAD: LEAD,
    Resource.ORDER: ORDER,
    Resource.SUBSCRIPTION: SUBSCRIPTION,
    Resource.APP_ASSIGNMENT: APP_ASSIGNMENT,
}


@dataclass(frozen=True, slots=True)
class Content:
    """The content of a record.

    json: compact, in AppDirect's key order. fields: what `json` says.
    parent, alias: of an app assignment, the ids of its subscription and of its user.
    """

    json: str
    fields: dict[str, Any]
    status: str | None
    parent: str | None = None
    alias: str | None = None


def read_content(resource: Resource, uuid: str, content: object) -> Content:
    """The content of the record `uuid`, with its id filled in where it was not given.

    Raises Invalid with every problem found. Their pointers start at `content`, but that of
    a bad `uuid`, which is /uuid: a caller who has more to say about it checks it first.
    """
    check_uuid(uuid)
    named = identity(resource, uuid)
    json, fields = serialize(parse_content(SHAPES[resource], named, content))
    parent, alias = owners(fields) if resource is Resource.APP_ASSIGNMENT else (None, None)
    return Content(json, fields, fields.get("status"), parent, alias)


def model_of(resource: Resource) -> Any:
    """The type that describes the resource's content, for a pydantic TypeAdapter or OpenAPI."""
    return SHAPES[resource].model
