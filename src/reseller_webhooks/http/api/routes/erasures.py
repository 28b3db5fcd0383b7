"""Erasures of records."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import Field

from reseller_webhooks.core.enums import Resource
from reseller_webhooks.core.errors import Invalid, NotAllowed, NotFound, NotSignedIn
from reseller_webhooks.http.api.auth import Context, Tenant
from reseller_webhooks.http.api.request_body import body, schema, takes
from reseller_webhooks.http.api.schemas import Input, Shape
from reseller_webhooks.http.edge.problems import Malformed, NotJson, TooLarge, raises
from reseller_webhooks.operations import erasures, resellers

router = APIRouter(
    tags=["Records"],
    responses=raises(NotSignedIn, NotAllowed, NotFound, Invalid, Malformed, TooLarge, NotJson),
)


class ErasureRequest(Input):
    """The record to erase."""

    type: Resource
    uuid: str = Field(min_length=1, max_length=64)


class ErasedRecord(Shape):
    """A record that was erased."""

    type: Resource
    uuid: str
    version: int = Field(description="Of its REMOVED notification; 0 if it was removed long ago.")
    events: int = Field(description="Events that were deleted with their contents.")


@router.post(
    "/api/v1/erasures",
    operation_id="eraseRecord",
    summary="Erase a record",
    openapi_extra=takes(schema(ErasureRequest), {"type": "LEAD", "uuid": "29a1dc26"}),
)
def erase(
    context: Context,
    tenant: Tenant,
    wanted: Annotated[ErasureRequest, Depends(body(ErasureRequest))],
) -> ErasedRecord:
    """Deletes its content from the record, from events, pending deliveries and the answers of
    receivers; a REMOVED notification with `erased` tells receivers to do the same. The audit log
    keeps that it was erased. A request that was not answered may be repeated.
    """
    done = erasures.erase_record(
        context.database,
        resellers.by_number(context.database, tenant),
        wanted.type,
        wanted.uuid,
        public_url=context.settings.public_url,
    )
    return ErasedRecord(
        type=wanted.type, uuid=wanted.uuid, version=done.version, events=done.events
    )
