"""Webhooks: create, read, update, delete, pause, resume, rotate secrets."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response

from reseller_webhooks.core.access.quotas import Quota
from reseller_webhooks.core.errors import (
    Conflict,
    Invalid,
    NotAllowed,
    NotFound,
    NotSignedIn,
    Outdated,
)
from reseller_webhooks.core.webhooks.webhook import Spec, SpecPatch
from reseller_webhooks.http.api.auth import Context, Tenant
from reseller_webhooks.http.api.paging import Cursor, Limit, cut, position
from reseller_webhooks.http.api.preconditions import Expected, tag
from reseller_webhooks.http.api.request_body import JSON, MERGE_PATCH, body, schema, takes
from reseller_webhooks.http.api.schemas.webhooks import (
    NewWebhook,
    Webhook,
    Webhooks,
    new_webhook,
    webhook,
)
from reseller_webhooks.http.edge.problems import Malformed, NotJson, TooLarge, raises
from reseller_webhooks.operations import webhooks

PATH = "/api/v1/webhooks"
ALWAYS = raises(NotSignedIn, NotAllowed, NotFound, Invalid)
BODY = raises(Malformed, TooLarge, NotJson)

EXAMPLE = {
    "url": "https://hooks.example.com/notifications",
    "resource": "SUBSCRIPTION",
    "actions": ["ADDED", "REMOVED", "CHANGED"],
    "auth": {"type": "TOKEN", "token": "a-long-random-text"},
}

router = APIRouter(prefix=PATH, tags=["Webhooks"], responses=ALWAYS)
Id = Annotated[str, Path(alias="id")]


@router.post(
    "",
    operation_id="addWebhook",
    summary="Add a webhook",
    status_code=201,
    responses=raises(Conflict) | BODY,
    openapi_extra=takes(schema(Spec), EXAMPLE),
)
def add(
    context: Context,
    tenant: Tenant,
    spec: Annotated[Spec, Depends(body(Spec))],
    response: Response,
) -> NewWebhook:
    """Answers the signing secret, this once. A target has one webhook for a resource."""
    allowed = context.settings.target_networks
    limit = context.quotas.limit(Quota.WEBHOOKS, tenant)
    added = webhooks.add(context.database, context.box, tenant, spec, allowed=allowed, limit=limit)
    response.headers["location"] = f"{PATH}/{added.webhook.uuid}"
    return new_webhook(context.box, added)


@router.get("", operation_id="listWebhooks", summary="List webhooks")
def page(context: Context, tenant: Tenant, limit: Limit = 100, cursor: Cursor = None) -> Webhooks:
    """In the order they were added."""
    (after,) = position(context.ids, cursor) or (0,)
    rows = webhooks.page(context.database, tenant, after=after, limit=limit + 1)
    shown, next_cursor = cut(context.ids, rows, limit, lambda row: (row.id,))
    return Webhooks(items=[webhook(context.box, row) for row in shown], next_cursor=next_cursor)


@router.get("/{id}", operation_id="getWebhook", summary="Get a webhook")
def get(context: Context, tenant: Tenant, uuid: Id, response: Response) -> Webhook:
    """Its settings, and whether its circuit is open; no secrets. The ETag is for a PATCH."""
    row = webhooks.get(context.database, tenant, uuid)
    response.headers["etag"] = tag(webhooks.etag_revision(row))
    return webhook(context.box, row)


@router.patch(
    "/{id}",
    operation_id="changeWebhook",
    summary="Change a webhook",
    responses=raises(Conflict, Outdated) | BODY,
    openapi_extra=takes(schema(SpecPatch), {"actions": ["ADDED"]}, JSON, MERGE_PATCH),
)
def change(
    context: Context,
    tenant: Tenant,
    uuid: Id,
    patch: Annotated[SpecPatch, Depends(body(SpecPatch))],
    response: Response,
    *,
    expected: Expected,
) -> Webhook:
    """Changes the given fields and no others. Authentication is given whole, or not at all."""
    row = webhooks.change(
        context.database,
        context.box,
        tenant,
        uuid,
        patch,
        editions=expected,
        allowed=context.settings.target_networks,
    )
    response.headers["etag"] = tag(webhooks.etag_revision(row))
    return webhook(context.box, row)


@router.delete("/{id}", operation_id="removeWebhook", summary="Delete a webhook", status_code=204)
def remove(context: Context, tenant: Tenant, uuid: Id) -> None:
    """Its unfinished deliveries are cancelled; the log stays."""
    webhooks.delete(context.database, tenant, uuid)


@router.post("/{id}/pause", operation_id="pauseWebhook", summary="Pause a webhook")
def pause(context: Context, tenant: Tenant, uuid: Id) -> Webhook:
    """Deliveries gather until it is resumed."""
    row = webhooks.pause(context.database, tenant, uuid)
    return webhook(context.box, row)


@router.post("/{id}/resume", operation_id="resumeWebhook", summary="Resume a webhook")
def resume(context: Context, tenant: Tenant, uuid: Id) -> Webhook:
    """Deliveries that gathered go out, oldest first."""
    row = webhooks.resume(context.database, tenant, uuid)
    return webhook(context.box, row)


@router.post(
    "/{id}/rotate-secret", operation_id="rotateSecret", summary="Change the signing secret"
)
def rotate_secret(context: Context, tenant: Tenant, uuid: Id) -> NewWebhook:
    """Answers the new secret, this once. The old one goes on signing beside it for a day."""
    added = webhooks.rotate_secret(context.database, context.box, tenant, uuid)
    return new_webhook(context.box, added)
