"""Webhooks as the store keeps them, secrets sealed."""

from dataclasses import dataclass

from reseller_webhooks.core.messages import Message
from reseller_webhooks.core.webhooks.settings import WebhookSettings
from reseller_webhooks.core.webhooks.webhook import WebhookState


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookRow(WebhookSettings):
    """A webhook as it is stored."""

    id: int
    uuid: str
    reseller_id: int
    part: int
    auth_type: str
    auth_sealed: str
    secret_sealed: str
    previous_secret_sealed: str | None
    previous_secret_until: int | None
    state: WebhookState
    circuit: str
    circuit_message: Message | None
    circuit_at: int | None
    probe_at: int | None
    hurried_at: int | None
    created_at: int
    changed_at: int
    deleted_at: int | None
    revision: int
    """Drawn by a trigger, so of a row that was just written it is not known on SQLite."""
