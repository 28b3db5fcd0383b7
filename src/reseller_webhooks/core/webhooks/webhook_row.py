"""Webhooks as the store keeps them, secrets sealed."""

from dataclasses import dataclass

from reseller_webhooks.core.messages import Message
from reseller_webhooks.core.webhooks.settings import WebhookSettings
from reseller_webhooks.core.webhooks.webhook import PauseReason, WebhookState


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
    held_until: int | None
    pause_reason: str | None
    created_at: int
    changed_at: int
    deleted_at: int | None
    revision: int
    """Drawn by a trigger, so of a row that was just written it is not known on SQLite."""


def is_held(row: WebhookRow, now: int) -> bool:
    """True if the receiver asked for no request at this time. now: microseconds UTC."""
    return row.held_until is not None and row.held_until > now


def pause_reason(row: WebhookRow) -> PauseReason | None:
    """The reason of the pause; None if it is not paused. The version before stores none."""
    if row.state is not WebhookState.PAUSED:
        return None
    return PauseReason(row.pause_reason) if row.pause_reason else PauseReason.BY_HAND
