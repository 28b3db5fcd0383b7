"""Test notifications."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from reseller_webhooks.api.auth import Tenant, TheHouse
from reseller_webhooks.api.bodies import JSON, MERGE_PATCH, optional_body, schema, takes
from reseller_webhooks.api.concurrency import limited
from reseller_webhooks.api.problems import raises
from reseller_webhooks.api.routes.webhooks import ALWAYS, BODY, PATH
from reseller_webhooks.api.shapes import Shape
from reseller_webhooks.core.attempts import Outcome
from reseller_webhooks.core.errors import SecretUnreadable, Unavailable
from reseller_webhooks.core.webhooks import SpecPatch, Webhook
from reseller_webhooks.operations import trials, webhooks
from reseller_webhooks.operations.house import House

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


@router.post(
    "/{id}/test",
    operation_id="testWebhook",
    summary="Send a test notification",
    responses=raises(Unavailable, SecretUnreadable) | BODY,
    dependencies=[Depends(limited("tests", lambda request: request.app.state.house.tests))],
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


def _to_test(house: House, tenant: int, uuid: str, patch: SpecPatch) -> Webhook:
    row = webhooks.get(house.database, tenant, uuid)
    known = webhooks.known(house.box, row, house.database.clock.now())
    wanted = trials.of_patched(known, patch, row.auth_type, house.settings.target_networks)
    webhooks.require_readable(wanted)
    trials.record_test(house.database, wanted)
    return wanted
