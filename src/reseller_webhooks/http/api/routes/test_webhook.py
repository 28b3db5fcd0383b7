"""Test notifications."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from reseller_webhooks.core.deliveries.attempts import Outcome
from reseller_webhooks.core.errors import SecretUnreadable, Unavailable
from reseller_webhooks.core.messages.requests import TOO_MANY_TESTS
from reseller_webhooks.core.webhooks.webhook import SpecPatch, Webhook
from reseller_webhooks.http.api.auth import Context, Tenant
from reseller_webhooks.http.api.concurrency import limited
from reseller_webhooks.http.api.request_body import JSON, MERGE_PATCH, optional_body, schema, takes
from reseller_webhooks.http.api.routes.webhooks import ALWAYS, BODY, PATH
from reseller_webhooks.http.api.schemas import Shape
from reseller_webhooks.http.edge.exchange import waiting_for_peer
from reseller_webhooks.http.edge.problems import raises
from reseller_webhooks.operations import test_webhook, webhooks
from reseller_webhooks.operations.context import AppContext

router = APIRouter(prefix=PATH, tags=["Webhooks"], responses=ALWAYS)
Id = Annotated[str, Path(alias="id")]


class Trial(Shape):
    """The result of a test notification."""

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
    dependencies=[
        Depends(limited(TOO_MANY_TESTS, lambda request: request.app.state.context.tests))
    ],
    openapi_extra=takes(
        schema(SpecPatch), {"actions": ["ADDED"]}, JSON, MERGE_PATCH, required=False
    ),
)
async def test(
    context: Context,
    tenant: Tenant,
    uuid: Id,
    patch: Annotated[SpecPatch | None, Depends(optional_body(SpecPatch))],
) -> Trial:
    """Sends an example of an ADDED notification at once and answers what came of it.

    Its version is 0, so that a receiver that applies only what is newer ignores it. With a body,
    the webhook is tried as a PATCH with that body would leave it, and nothing is changed.
    """
    webhook = await run_in_threadpool(_to_test, context, tenant, uuid, patch or SpecPatch())
    async with waiting_for_peer():
        attempt = await context.send_test(webhook)
    return Trial(
        outcome=attempt.outcome,
        status=attempt.status,
        ms=attempt.ms,
        reason=attempt.reason,
        detail=attempt.detail,
        response=attempt.response,
    )


def _to_test(context: AppContext, tenant: int, uuid: str, patch: SpecPatch) -> Webhook:
    row = webhooks.get(context.database, tenant, uuid)
    known = webhooks.open_webhook(context.box, row, context.database.clock.now())
    wanted = test_webhook.patched_webhook(
        known, patch, row.auth_type, context.settings.target_networks
    )
    webhooks.require_readable(wanted)
    test_webhook.record_test(context.database, wanted)
    return wanted
