"""Backfills: the current state of every record, sent to a webhook at a set rate."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path
from pydantic import Field

from reseller_webhooks.core.access.quotas import Quota
from reseller_webhooks.core.errors import Conflict
from reseller_webhooks.core.sync import backfills as core
from reseller_webhooks.core.sync.backfills import RATE, RATE_MAX, BackfillState
from reseller_webhooks.http.api import timestamps
from reseller_webhooks.http.api.auth import Context, Tenant
from reseller_webhooks.http.api.request_body import optional_body, schema, takes
from reseller_webhooks.http.api.routes.webhooks import ALWAYS, BODY, PATH
from reseller_webhooks.http.api.schemas import Input, Shape
from reseller_webhooks.http.edge.problems import raises
from reseller_webhooks.operations import backfills

router = APIRouter(prefix=f"{PATH}/{{id}}/backfill", tags=["Webhooks"], responses=ALWAYS)
Id = Annotated[str, Path(alias="id")]


class BackfillRequest(Input):
    """Options of a backfill."""

    rate_per_second: int = Field(RATE, ge=1, le=RATE_MAX)
    removed: bool = Field(False, description="Whether to tell of removed records too.")


class Backfill(Shape):
    """The progress of a backfill."""

    state: BackfillState
    rate_per_second: int
    removed: bool
    sent: int = Field(description="Records handed over to delivery, or found on their way already.")
    total: int = Field(description="Records there were to send when it began.")
    started_at: timestamps.Shown
    finished_at: timestamps.Shown | None
    reason: str | None = Field(description="Why it ended by itself before it was done.")


@router.post(
    "",
    operation_id="beginBackfill",
    summary="Send the current state of every record",
    status_code=202,
    responses=raises(Conflict) | BODY,
    openapi_extra=takes(
        schema(BackfillRequest), {"ratePerSecond": RATE, "removed": False}, required=False
    ),
)
def begin(
    context: Context,
    tenant: Tenant,
    uuid: Id,
    given: Annotated[BackfillRequest | None, Depends(optional_body(BackfillRequest))],
) -> Backfill:
    """One notification for each record: CHANGED with its content and version as they are then,
    or ADDED where only that is ticked. A record that changes later comes later, and newer.
    """
    wish = given or BackfillRequest()
    begun = backfills.begin(
        context.database,
        tenant,
        uuid,
        rate=wish.rate_per_second,
        with_removed=wish.removed,
        limit=context.quotas.limit(Quota.BACKFILL_RECORDS, tenant),
    )
    return _backfill(begun)


@router.get("", operation_id="getBackfill", summary="How far the newest backfill is")
def get(context: Context, tenant: Tenant, uuid: Id) -> Backfill:
    """It waits while the webhook is paused, its circuit is open, or too much waits already."""
    return _backfill(backfills.get(context.database, tenant, uuid))


@router.delete(
    "", operation_id="cancelBackfill", summary="Cancel a backfill", responses=raises(Conflict)
)
def cancel(context: Context, tenant: Tenant, uuid: Id) -> Backfill:
    """Makes no further deliveries; those made already still go out."""
    return _backfill(backfills.cancel(context.database, tenant, uuid))


def _backfill(one: core.Backfill) -> Backfill:
    return Backfill(
        state=one.state,
        rate_per_second=one.rate,
        removed=one.with_removed,
        sent=one.sent,
        total=one.total,
        started_at=one.started_at,
        finished_at=one.finished_at,
        reason=str(one.message) if one.message else None,
    )
