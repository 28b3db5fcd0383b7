"""Quotas of resellers and their use: the platform sets them, a reseller reads its own."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path
from pydantic import Field, create_model

from reseller_webhooks.core.access.permissions import Scope
from reseller_webhooks.core.access.quotas import LIMIT_MAX, Quota
from reseller_webhooks.core.errors import Invalid, NotAllowed, NotFound, NotSignedIn
from reseller_webhooks.core.messages.access import KEY_MAY_NOT_SET_QUOTAS
from reseller_webhooks.http.api.auth import Context, CurrentCaller, Tenant
from reseller_webhooks.http.api.request_body import JSON, MERGE_PATCH, body, schema, takes
from reseller_webhooks.http.api.schemas import Input, Shape
from reseller_webhooks.http.edge.problems import Malformed, NotJson, TooLarge, raises
from reseller_webhooks.operations import quota_settings, resellers
from reseller_webhooks.operations.quota_settings import Uses
from reseller_webhooks.settings import PREFIX

router = APIRouter(
    prefix="/api/v1/resellers/{id}/quotas",
    tags=["Resellers"],
    responses=raises(NotSignedIn, NotAllowed, NotFound, Invalid),
)
own = APIRouter(
    prefix="/api/v1/quotas",
    tags=["Resellers"],
    responses=raises(NotSignedIn, NotAllowed, NotFound, Invalid),
)
Id = Annotated[str, Path(alias="id")]


class Use(Shape):
    """A quota of a reseller."""

    limit: int
    default: int = Field(description="The limit of every reseller that has no limit of its own.")
    used: int | None = Field(
        description="Of rates: units that were used and are not available again yet. Each process "
        "counts requests and changes per second for itself. null for the records of a backfill, "
        "since each backfill is limited by itself."
    )


class _Patch(Input):
    """Limits that are set for this reseller alone; null for the default."""


_LIMITS = {
    quota.value: (
        Annotated[int, Field(ge=1, le=LIMIT_MAX)] | None,
        Field(None, description=f"In place of {PREFIX}{quota.setting}."),
    )
    for quota in Quota
}
Uses_ = create_model("Quotas", __base__=Shape, **{quota.value: (Use, ...) for quota in Quota})  # type: ignore[call-overload]
Patch = create_model("QuotasPatch", __base__=_Patch, __doc__=_Patch.__doc__, **_LIMITS)  # type: ignore[call-overload]


async def quota_admin(caller: CurrentCaller) -> None:
    """Require a platform key. NotAllowed for others, who learn where to read their own quotas."""
    if caller.scope is not Scope.PLATFORM:
        raise NotAllowed(KEY_MAY_NOT_SET_QUOTAS())


QuotaAdmin = Annotated[None, Depends(quota_admin)]


@router.get(
    "", operation_id="getQuotas", summary="Quotas of a reseller and their use", response_model=Uses_
)
def get(context: Context, _: QuotaAdmin, uuid: Id) -> object:
    """Stored bytes are an estimate, a few minutes old."""
    return _uses_json(quota_settings.use(context.database, context.quotas, uuid)[1])


@own.get(
    "", operation_id="getOwnQuotas", summary="Quotas of the key's reseller", response_model=Uses_
)
def get_own(context: Context, tenant: Tenant) -> object:
    """Rates refill evenly: one unit of 1,000 per hour is available again every 3.6 seconds."""
    uuid = resellers.by_number(context.database, tenant).uuid
    return _uses_json(quota_settings.use(context.database, context.quotas, uuid)[1])


@router.patch(
    "",
    operation_id="changeQuotas",
    summary="Set quotas of a reseller",
    response_model=Uses_,
    responses=raises(Malformed, TooLarge, NotJson),
    openapi_extra=takes(
        schema(Patch), {"webhooks": 50, "changesPerSecond": None}, JSON, MERGE_PATCH
    ),
)
def change(
    context: Context, _: QuotaAdmin, uuid: Id, patch: Annotated[_Patch, Depends(body(Patch))]
) -> object:
    """Changes the limits that are given and no others; null restores the default. Every process
    applies them within 5 seconds."""
    wanted = {Quota(name): getattr(patch, name) for name in patch.model_fields_set}
    quota_settings.change(context.database, context.quotas.defaults, uuid, wanted)
    context.quotas.refresh()
    return _uses_json(quota_settings.use(context.database, context.quotas, uuid)[1])


def _uses_json(uses: Uses) -> object:
    return Uses_(
        **{
            quota.value: Use(limit=use.limit, default=use.default, used=use.used)
            for quota, use in uses.items()
        }
    )
