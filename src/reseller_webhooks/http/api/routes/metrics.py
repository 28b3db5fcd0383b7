"""Metrics for Prometheus."""

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Request, Response, Security
from fastapi.security import HTTPBearer
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from reseller_webhooks import observability
from reseller_webhooks.core.errors import NotSignedIn
from reseller_webhooks.http.api.auth import Context
from reseller_webhooks.http.api.pool_metrics import PoolCollector
from reseller_webhooks.http.api.service_metrics import ServiceCollector, StoreReader
from reseller_webhooks.http.edge import metrics_access
from reseller_webhooks.http.edge.problems import raises
from reseller_webhooks.operations import cluster
from reseller_webhooks.operations.context import AppContext

SCRAPES = 4
"""At once, in threads apart from those of requests, which may all wait for the store."""

router = APIRouter(tags=["Health"])
_token = HTTPBearer(
    scheme_name="metricsToken",
    description="The value of RESELLER_WEBHOOKS_METRICS_TOKEN, where it is set.",
    auto_error=False,
)


class Exposition:
    """The metrics of one program as text."""

    def __init__(self, context: AppContext) -> None:
        self._own = CollectorRegistry()
        self._own.register(PoolCollector(context.database))
        self._own.register(ServiceCollector(StoreReader(lambda: cluster.totals(context.database))))
        self._limiter = CapacityLimiter(SCRAPES)

    async def text(self) -> bytes:
        """All metrics, within a second whatever the store does."""
        return await to_thread.run_sync(self._text, limiter=self._limiter)

    def _text(self) -> bytes:
        return generate_latest(observability.registry) + generate_latest(self._own)


@router.get(
    metrics_access.PATH,
    operation_id="getMetrics",
    summary="Metrics for Prometheus",
    response_class=Response,
    dependencies=[Security(_token)],
    openapi_extra={"security": [{}]},  # without the setting everybody may scrape
    responses={
        200: {"content": {"text/plain": {"schema": {"type": "string"}}}},
        **raises(NotSignedIn),
    },
)
async def metrics(request: Request, context: Context) -> Response:
    """In the text format of Prometheus; with the token of METRICS_TOKEN where one is set."""
    metrics_access.check_token(request.headers, context.settings.metrics_token.get_secret_value())
    exposition: Exposition = request.app.state.exposition
    return Response(await exposition.text(), media_type=CONTENT_TYPE_LATEST)
