"""Bulk retries: pending deliveries, and failed ones of a period."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Response

from reseller_webhooks.core.errors import TooManyJobs
from reseller_webhooks.http.api.auth import Context, Tenant
from reseller_webhooks.http.api.request_body import body, schema, takes
from reseller_webhooks.http.api.routes.jobs import ACCEPTED, retried
from reseller_webhooks.http.api.routes.webhooks import ALWAYS, BODY, PATH
from reseller_webhooks.http.api.schemas.jobs import Period, Retried
from reseller_webhooks.http.edge.problems import raises
from reseller_webhooks.operations import manual_retry, webhooks

router = APIRouter(responses=ALWAYS | raises(TooManyJobs))
Id = Annotated[str, Path(alias="id")]
GOES_ON: dict[int | str, dict[str, Any]] = {
    ACCEPTED: {
        "model": Retried,
        "description": "A job does the rest; `Location` is where it shows its progress.",
    }
}


TAKES = takes(schema(Period), {"from": "2026-01-31T00:00:00Z"})
Asked = Annotated[Period, Depends(body(Period))]


@router.post(
    f"{PATH}/{{id}}/retry-pending",
    tags=["Webhooks"],
    operation_id="retryPending",
    summary="Retry pending deliveries now",
    responses=GOES_ON,
    response_model_exclude_none=True,
)
def retry_pending(context: Context, tenant: Tenant, uuid: Id, response: Response) -> Retried:
    """Makes due at once what waits for its next attempt, once a receiver is mended.

    Each attempt counts as any other. While the circuit is open a single one goes out at once,
    and the rest once it is accepted; while the webhook is paused they go out when it is resumed.
    """
    row = webhooks.get(context.database, tenant, uuid)
    return retried(response, manual_retry.retry_pending(context.database, row))


@router.post(
    f"{PATH}/{{id}}/retry-failed",
    tags=["Webhooks"],
    operation_id="retryFailed",
    summary="Repeat failed deliveries",
    responses=BODY | GOES_ON,
    response_model_exclude_none=True,
    openapi_extra=TAKES,
)
def retry_failed(
    context: Context, tenant: Tenant, uuid: Id, period: Asked, response: Response
) -> Retried:
    """Makes a new delivery for each delivery of the period that has failed for good.

    Each event goes to the webhook once, however often it has failed or is asked for.
    """
    row = webhooks.get(context.database, tenant, uuid)
    until = context.database.clock.now() if period.until is None else period.until
    return retried(response, manual_retry.retry_failed(context.database, row, period.since, until))
