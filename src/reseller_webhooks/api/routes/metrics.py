"""Metrics for Prometheus."""

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from reseller_webhooks import observability
from reseller_webhooks.api import metrics_access
from reseller_webhooks.api.auth import TheHouse
from reseller_webhooks.api.pool_metrics import PoolCollector
from reseller_webhooks.api.problems import raises
from reseller_webhooks.api.service_metrics import ServiceCollector, StoreReader
from reseller_webhooks.core.errors import NotSignedIn
from reseller_webhooks.operations import fleet
from reseller_webhooks.operations.house import House

SCRAPES = 4
"""At once, in threads apart from those of requests, which may all wait for the store."""

router = APIRouter(tags=["Health"])


class Exposition:
    """The metrics of one program as text."""

    def __init__(self, house: House) -> None:
        self._own = CollectorRegistry()
        self._own.register(PoolCollector(house.database))
        self._own.register(ServiceCollector(StoreReader(lambda: fleet.totals(house.database))))
        self._limiter = CapacityLimiter(SCRAPES)

    async def text(self) -> bytes:
        """Everything, within a second whatever the store does."""
        return await to_thread.run_sync(self._text, limiter=self._limiter)

    def _text(self) -> bytes:
        return generate_latest(observability.registry) + generate_latest(self._own)


@router.get(
    metrics_access.PATH,
    operation_id="getMetrics",
    summary="Metrics for Prometheus",
    response_class=Response,
    responses={
        200: {"content": {"text/plain": {"schema": {"type": "string"}}}},
        **raises(NotSignedIn),
    },
)
async def metrics(request: Request, house: TheHouse) -> Response:
    """In the text format of Prometheus; with the token of METRICS_TOKEN where one is set."""
    metrics_access.check_token(request.headers, house.settings.metrics_token.get_secret_value())
    exposition: Exposition = request.app.state.exposition
    return Response(await exposition.text(), media_type=CONTENT_TYPE_LATEST)
