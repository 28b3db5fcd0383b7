"""Webhooks in the API."""

from typing import Any, Literal

from pydantic import Field

from reseller_webhooks import clock
from reseller_webhooks.core.enums import Action, Resource
from reseller_webhooks.core.messages.webhooks import SECRETS_UNREADABLE
from reseller_webhooks.core.webhooks.settings import DELIVERY, with_shown_delivery_settings
from reseller_webhooks.core.webhooks.webhook import (
    ClientAuth,
    PauseReason,
    SecretPurpose,
    WebhookState,
)
from reseller_webhooks.core.webhooks.webhook_row import WebhookRow, is_held, pause_reason
from reseller_webhooks.crypto import Box
from reseller_webhooks.http.api import timestamps
from reseller_webhooks.http.api.schemas import Shape
from reseller_webhooks.operations.webhook_secrets import WebhookSecrets, open_secrets
from reseller_webhooks.operations.webhooks import Added


def _absent(value: object) -> bool:
    return value is None


class ShownAuth(Shape):
    """The authentication of notifications, without secrets."""

    type: Literal["NONE", "TOKEN", "OAUTH2_PASSWORD", "OAUTH2_CLIENT_CREDENTIALS"]
    token_url: str | None = Field(None, exclude_if=_absent)
    client_id: str | None = Field(None, exclude_if=_absent)
    client_auth: ClientAuth | None = Field(None, exclude_if=_absent)
    username: str | None = Field(None, exclude_if=_absent)
    scope: str | None = Field(None, exclude_if=_absent)


class UnreadableSecrets(Shape):
    """Secrets of a webhook that do not open with the keys that the program has."""

    secrets: list[SecretPurpose]
    detail: str = Field(description="What is wrong and what to do.")


@with_shown_delivery_settings
class _WebhookSettings(Shape):
    id: str
    url: str
    resource: Resource
    actions: list[Action]
    auth: ShownAuth


class Webhook(_WebhookSettings):
    """A webhook: a target, a resource, actions and settings."""

    state: WebhookState
    circuit: Literal["CLOSED", "OPEN"]
    circuit_reason: str | None = Field(description="Why the circuit is open.")
    circuit_since: timestamps.Shown | None
    next_probe_at: timestamps.Shown | None = Field(
        description="When a notification goes out next to see whether the receiver is back."
    )
    pause_reason: PauseReason | None = Field(
        description="Why it is paused: by hand, or because the receiver answered 410."
    )
    held_until: timestamps.Shown | None = Field(
        description="The receiver asked for no request before, by 429 or 503 with Retry-After."
    )
    unreadable_secrets: UnreadableSecrets | None = Field(
        None,
        exclude_if=_absent,
        description="If there: nothing is sent for this webhook, and its deliveries wait, until "
        "these secrets are entered again (AUTHENTICATION: a PATCH of `auth`; the others: "
        "`rotate-secret`) or the operator puts the key back. Of `auth` only the type is known.",
    )
    created_at: timestamps.Shown


class NewWebhook(Webhook):
    """A webhook and the secret that signs its notifications, which is shown this once."""

    signing_secret: str = Field(examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])


class Webhooks(Shape):
    """A page of webhooks."""

    items: list[Webhook]
    next_cursor: str | None


def webhook(box: Box, row: WebhookRow) -> Webhook:
    """The webhook as it is shown."""
    return Webhook(**_fields(box, row))


def new_webhook(box: Box, added: Added) -> NewWebhook:
    """The webhook as it is shown once, with its new signing secret."""
    return NewWebhook(**_fields(box, added.webhook), signing_secret=added.secret)


def _fields(box: Box, row: WebhookRow) -> dict[str, Any]:
    is_open = row.circuit == "OPEN"
    secrets = open_secrets(box, row, clock.now())
    return {
        "id": row.uuid,
        "url": row.url,
        "resource": row.resource,
        "actions": [action for action in Action if action in row.actions],
        "auth": _auth(secrets.auth) if secrets.auth else ShownAuth(type=row.auth_type),
        **{setting.name: getattr(row, setting.name) for setting in DELIVERY},
        "state": row.state,
        "circuit": row.circuit,
        "circuit_reason": str(row.circuit_message or "") if is_open else None,
        "circuit_since": row.circuit_at if is_open else None,
        "next_probe_at": row.probe_at if is_open else None,
        "pause_reason": pause_reason(row),
        "held_until": row.held_until if is_held(row, clock.now()) else None,
        "unreadable_secrets": _unreadable(secrets),
        "created_at": row.created_at,
    }


def _unreadable(secrets: WebhookSecrets) -> UnreadableSecrets | None:
    if not secrets.unreadable:
        return None
    return UnreadableSecrets(secrets=list(secrets.unreadable), detail=str(SECRETS_UNREADABLE()))


def _auth(auth: Any) -> ShownAuth:
    names = ("token_url", "client_id", "client_auth", "username", "scope")
    return ShownAuth(type=auth.type, **{name: getattr(auth, name, None) for name in names})
