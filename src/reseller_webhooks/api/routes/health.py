"""How the program is doing, for machines; without a key."""

from typing import Literal

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from reseller_webhooks.api.auth import TheHouse
from reseller_webhooks.api.problems import raises
from reseller_webhooks.api.shapes import Shape
from reseller_webhooks.core.errors import Unavailable
from reseller_webhooks.observability import registry
from reseller_webhooks.operations import resellers

router = APIRouter(tags=["Health"])


class Health(Shape):
    """It is well; otherwise there is a problem instead."""

    status: Literal["up", "ready"]


@router.get("/healthz", operation_id="getHealth", summary="Whether the process is up")
async def up() -> Health:
    """Answers as long as the process does."""
    return Health(status="up")


@router.get(
    "/readyz",
    operation_id="getReadiness",
    summary="Whether it does its work",
    responses=raises(Unavailable),
)
def ready(house: TheHouse) -> Health:
    """The store answers and every part runs; otherwise 503 and why."""
    ailing = house.ailing()
    if ailing:
        raise Unavailable("; ".join(ailing))
    resellers.page(house.database, limit=1)
    return Health(status="ready")


@router.get(
    "/metrics",
    operation_id="getMetrics",
    summary="Counters for Prometheus",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
def metrics() -> Response:
    """In the text format of Prometheus."""
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)
