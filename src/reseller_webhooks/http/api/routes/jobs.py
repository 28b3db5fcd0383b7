"""Background jobs: start, follow, cancel."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response

from reseller_webhooks.core import jobs as core
from reseller_webhooks.core.errors import (
    Conflict,
    Invalid,
    NotAllowed,
    NotFound,
    NotSignedIn,
    TooManyJobs,
)
from reseller_webhooks.core.jobs import list_position
from reseller_webhooks.http.api.auth import Context, Tenant
from reseller_webhooks.http.api.paging import Cursor, Limit, cut, position
from reseller_webhooks.http.api.request_body import body, schema, takes
from reseller_webhooks.http.api.routes.webhooks import BODY
from reseller_webhooks.http.api.schemas.jobs import Job, Jobs, NewJob, Retried, job
from reseller_webhooks.http.edge.problems import raises
from reseller_webhooks.operations import jobs, manual_retry, webhooks
from reseller_webhooks.operations.context import AppContext

PATH = "/api/v1/jobs"
ACCEPTED = 202

router = APIRouter(
    prefix=PATH, tags=["Jobs"], responses=raises(NotSignedIn, NotAllowed, NotFound, Invalid)
)
Id = Annotated[str, Path(alias="id")]


@router.get("", operation_id="listJobs", summary="List jobs")
def page(
    context: Context,
    tenant: Tenant,
    webhook: Annotated[str | None, Query(description="Only jobs about this webhook.")] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Jobs:
    """Unfinished and finished background jobs, newest first; backfills too.

    A finished job is kept as long as notifications are; of backfills the newest of each webhook.
    """
    behind = position(context.ids, cursor, 3)
    found = jobs.page(
        context.database,
        tenant,
        webhook_id=webhooks.get(context.database, tenant, webhook).id if webhook else None,
        behind=None if behind is None else (behind[0], behind[1], behind[2]),
        limit=limit + 1,
    )
    shown, next_cursor = cut(context.ids, found, limit, lambda one: list_position(one.job))
    return Jobs(items=[job(one) for one in shown], next_cursor=next_cursor)


@router.post(
    "",
    operation_id="startJob",
    summary="Start a job",
    status_code=ACCEPTED,
    responses=BODY | raises(TooManyJobs),
    openapi_extra=takes(schema(NewJob), {"kind": "RETRY_FAILED", "from": "2026-01-31T00:00:00Z"}),
)
def start(
    context: Context,
    tenant: Tenant,
    new: Annotated[NewJob, Depends(body(NewJob))],
    response: Response,
) -> Job:
    """Makes a new delivery for each delivery of the period that has failed for good.

    Each event goes to each webhook once, however often it has failed or is asked for.
    """
    started = _start(context, tenant, new)
    response.headers["location"] = f"{PATH}/{started.uuid}"
    return job(jobs.get(context.database, started.uuid, reseller_id=tenant))


@router.get("/{id}", operation_id="getJob", summary="Get a job and its progress")
def get(context: Context, tenant: Tenant, uuid: Id) -> Job:
    """`state` is DONE once `done` has reached the end; `total` may be an estimate until then."""
    return job(jobs.get(context.database, uuid, reseller_id=tenant))


@router.delete(
    "/{id}", operation_id="cancelJob", summary="Cancel a job", responses=raises(Conflict)
)
def cancel(context: Context, tenant: Tenant, uuid: Id) -> Job:
    """Takes no further steps; finished steps stay."""
    return job(jobs.cancel(context.database, uuid, reseller_id=tenant))


def retried(response: Response, one: core.Job) -> Retried:
    """The answer to a request that has started a job: 202 and its address until it is finished."""
    if one.is_finished:
        return Retried(count=one.made)
    response.status_code = ACCEPTED
    response.headers["location"] = f"{PATH}/{one.uuid}"
    return Retried(count=one.made, job=one.uuid)


def _start(context: AppContext, tenant: int, new: NewJob) -> core.Job:
    database = context.database
    until = database.clock.now() if new.until is None else new.until
    if new.webhook is None:
        return manual_retry.retry_all_failed(database, tenant, new.since, until)
    return manual_retry.retry_failed(
        database, webhooks.get(database, tenant, new.webhook), new.since, until
    )
