"""What can be tried with a webhook at once: a test notification, what waits, what failed before."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Path
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from reseller_webhooks.api import moments
from reseller_webhooks.api.auth import Tenant, TheHouse
from reseller_webhooks.api.bodies import JSON, MERGE_PATCH, body, optional_body, schema, takes
from reseller_webhooks.api.problems import raises
from reseller_webhooks.api.routes.webhooks import ALWAYS, BODY, PATH
from reseller_webhooks.api.seats import seat
from reseller_webhooks.api.shapes import Input, Shape
from reseller_webhooks.api.writing import write
from reseller_webhooks.core.attempts import Outcome
from reseller_webhooks.core.errors import SecretUnreadable, Unavailable
from reseller_webhooks.core.webhooks import SpecPatch, Webhook
from reseller_webhooks.operations import repeats, trials, webhooks
from reseller_webhooks.operations.house import House

TESTS_MAX = 3
"""Of one reseller at once: they pass by the webhook's own limits."""

router = APIRouter(prefix=PATH, tags=["Webhooks"], responses=ALWAYS)
Id = Annotated[str, Path(alias="id")]


class Trial(Shape):
    """How a test notification was taken."""

    outcome: Outcome
    status: int | None
    ms: int
    reason: str | None
    detail: str
    response: str = Field(description="The start of the receiver's answer.")


class Period(Input):
    """When deliveries were made: from an instant on, until before another."""

    since: moments.Given = Field(alias="from")
    until: moments.Given | None = Field(None, alias="to", description="Now, when left out.")


class Hurried(Shape):
    """How many deliveries were due only later."""

    count: int


class Repeated(Shape):
    """How many deliveries are repeated."""

    count: int


@router.post(
    "/{id}/test",
    operation_id="testWebhook",
    summary="Send a test notification",
    responses=raises(Unavailable, SecretUnreadable) | BODY,
    dependencies=[Depends(seat("tests", TESTS_MAX))],
    openapi_extra=takes(
        schema(SpecPatch), {"actions": ["ADDED"]}, JSON, MERGE_PATCH, required=False
    ),
)
async def test(
    house: TheHouse,
    tenant: Tenant,
    uuid: Id,
    patch: Annotated[SpecPatch | None, Depends(optional_body(SpecPatch))],
) -> Trial:
    """Sends an example of an ADDED notification at once and answers what came of it.

    Its version is 0, so that a receiver that applies only what is newer ignores it. With a body,
    the webhook is tried as a PATCH with that body would leave it, and nothing is changed.
    """
    webhook = await run_in_threadpool(_to_test, house, tenant, uuid, patch or SpecPatch())
    attempt = await house.try_now(webhook)
    return Trial(
        outcome=attempt.outcome,
        status=attempt.status,
        ms=attempt.ms,
        reason=attempt.reason,
        detail=attempt.detail,
        response=attempt.response,
    )


@router.post("/{id}/retry-pending", operation_id="retryPending", summary="Try now what waits")
async def retry_pending(house: TheHouse, tenant: Tenant, uuid: Id) -> Hurried:
    """Makes due at once what waits for its next attempt, once a receiver is mended.

    Each attempt counts as any other. While the circuit is open a single one goes out at once,
    and the rest once it is accepted; while the webhook is paused they go out when it is resumed.
    """
    row = await run_in_threadpool(webhooks.get, house.database, tenant, uuid)
    return Hurried(count=await write(house, partial(repeats.retry_pending, house.database, row)))


@router.post(
    "/{id}/retry-failed",
    operation_id="retryFailed",
    summary="Repeat failed deliveries",
    responses=BODY,
    openapi_extra=takes(schema(Period), {"from": "2026-01-31T00:00:00Z"}),
)
async def retry_failed(
    house: TheHouse, tenant: Tenant, uuid: Id, period: Annotated[Period, Depends(body(Period))]
) -> Repeated:
    """Makes a new delivery for each one of the period that has failed for good."""
    row = await run_in_threadpool(webhooks.get, house.database, tenant, uuid)
    until = house.database.clock.now() if period.until is None else period.until
    operation = partial(repeats.retry_failed, house.database, row, period.since, until)
    return Repeated(count=await write(house, operation))


def _to_test(house: House, tenant: int, uuid: str, patch: SpecPatch) -> Webhook:
    row = webhooks.get(house.database, tenant, uuid)
    known = webhooks.known(house.box, row, house.database.clock.now())
    wanted = trials.of_patched(known, patch, row.auth_type, house.settings.target_networks)
    webhooks.require_readable(wanted)
    trials.record_test(house.database, wanted)
    return wanted
