"""Health checks, without an API key."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Literal

from fastapi import APIRouter, Response

from reseller_webhooks.core.health.conditions import Condition, Severity
from reseller_webhooks.http.api.auth import Context
from reseller_webhooks.http.api.schemas import Shape
from reseller_webhooks.http.api.schemas.health import HealthReport, HealthStatus

router = APIRouter(tags=["Health"])
RETRY_AFTER = {"retry-after": "1"}
UNAVAILABLE: dict[int | str, dict[str, Any]] = {
    503: {"model": HealthReport, "description": "Unavailable, and why"}
}


class Health(Shape):
    """The process is up."""

    status: Literal["up"]


@router.get("/healthz", operation_id="getHealth", summary="Whether the process is up")
async def up() -> Health:
    """Answers as long as the process does."""
    return Health(status="up")


@router.get(
    "/livez",
    operation_id="getLiveness",
    summary="Whether a restart is needed",
    response_model=HealthReport,
    responses=UNAVAILABLE,
)
async def alive(context: Context) -> Response:
    """503 only for what a restart of this process mends; the store is not asked."""
    return _report([one for one in context.conditions() if one.severity is Severity.NOT_ALIVE])


@router.get(
    "/readyz",
    operation_id="getReadiness",
    summary="Whether it does its work",
    response_model=HealthReport,
    responses=UNAVAILABLE,
)
async def ready(context: Context) -> Response:
    """200 while this process does its work, `degraded` when an operator should act all the same;
    503 while it cannot. Answers within 5 seconds, whatever hangs."""
    return _report(await context.readiness())


def _report(conditions: Sequence[Condition]) -> Response:
    report = HealthReport.from_conditions(conditions)
    body = report.model_dump_json()
    if report.status is not HealthStatus.UNAVAILABLE:
        return Response(body, media_type="application/json")
    status = HTTPStatus.SERVICE_UNAVAILABLE
    return Response(body, status, RETRY_AFTER, media_type="application/json")
