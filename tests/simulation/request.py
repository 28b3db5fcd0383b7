"""A request as the looker-on sees it, from the worker to the receiver and back."""

from dataclasses import dataclass

from reseller_webhooks.core.deliveries.delivery import Delivery
from reseller_webhooks.core.webhooks.settings import Mode
from reseller_webhooks.core.webhooks.webhook import Webhook
from tests.simulation.tables import Tenure


@dataclass(slots=True, eq=False)
class Request:
    """One request on its way. tenure: under which its worker sent it, as the store knows."""

    number: int
    worker: str
    webhook: Webhook
    delivery: Delivery
    attempt: int
    tenure: Tenure | None
    started: float
    url: str
    arrived: float | None = None
    accepted: float | None = None
    told: bool = False
    """Whether the worker learned that it was accepted."""

    @property
    def is_serial(self) -> bool:
        return self.webhook.ordered or self.webhook.mode is Mode.LATEST_STATE

    @property
    def resource(self) -> tuple[int, str]:
        return self.webhook.id, self.delivery.resource_uuid

    def __str__(self) -> str:
        of = self.delivery
        what = f"webhook {of.webhook_id}, {of.resource_uuid} v{of.version}"
        return f"#{self.number} ({what}, attempt {self.attempt})"
