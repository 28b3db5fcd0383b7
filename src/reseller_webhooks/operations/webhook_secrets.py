"""A webhook's secrets: sealed in the format that every process of the store opens, and opened.

One secret that does not open is no reason to refuse the others: it is named, and left blank.
"""

from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter, ValidationError

from reseller_webhooks.clock import Micros
from reseller_webhooks.core.errors import SecretUnreadable
from reseller_webhooks.core.messages.webhooks import AUTHENTICATION_UNKNOWN
from reseller_webhooks.core.webhooks.webhook import Auth, NoAuth, SecretPurpose
from reseller_webhooks.core.webhooks.webhook_row import WebhookRow
from reseller_webhooks.crypto import Box
from reseller_webhooks.sealing import Binding
from reseller_webhooks.store.db import features
from reseller_webhooks.store.db.database import Tx
from reseller_webhooks.store.db.features import Feature

TABLE = "webhook"
NO_AUTH = "NONE"
_auth: TypeAdapter[Any] = TypeAdapter(Auth)


@dataclass(frozen=True, slots=True)
class Sealer:
    """Seals the secrets of one webhook, within the transaction that writes them."""

    box: Box
    uuid: str
    bound: bool

    @classmethod
    def begin(cls, tx: Tx, box: Box, uuid: str) -> "Sealer":
        """In the format that the store uses by now."""
        return cls(box, uuid, features.is_on(tx, Feature.BOUND_SECRETS))

    def seal(self, purpose: SecretPurpose, clear: str, *, revision: str = "") -> str:
        """The sealed form of a secret. revision: of the same secret as it was sealed before."""
        if not self.bound:
            return self.box.seal(clear)
        return self.box.seal_bound(clear, binding(self.uuid, purpose), revision=revision)


@dataclass(frozen=True, slots=True)
class WebhookSecrets:
    """A webhook's secrets, opened. unreadable: secrets that do not open; they are blank."""

    auth: Any = field(repr=False)
    signing: str = field(repr=False)
    previous: str | None = field(repr=False)
    unreadable: tuple[SecretPurpose, ...] = ()


def binding(uuid: str, purpose: SecretPurpose) -> Binding:
    """The binding of a secret: the webhook and purpose that it is sealed for."""
    return Binding(TABLE, uuid, purpose.value)


def open_secrets(box: Box, row: WebhookRow, now: Micros) -> WebhookSecrets:
    """Open a webhook's secrets, except an expired previous one."""
    previous = row.previous_secret_sealed if (row.previous_secret_until or 0) > now else None
    opened: dict[SecretPurpose, Any] = {
        SecretPurpose.AUTHENTICATION: open_auth(box, row),
        SecretPurpose.SIGNING_SECRET: _open(
            box, row.uuid, SecretPurpose.SIGNING_SECRET, row.secret_sealed
        ),
    }
    if previous:
        purpose = SecretPurpose.PREVIOUS_SIGNING_SECRET
        opened[purpose] = _open(box, row.uuid, purpose, previous)
    return WebhookSecrets(
        auth=opened[SecretPurpose.AUTHENTICATION],
        signing=opened[SecretPurpose.SIGNING_SECRET] or "",
        previous=opened.get(SecretPurpose.PREVIOUS_SIGNING_SECRET),
        unreadable=tuple(purpose for purpose, clear in opened.items() if clear is None),
    )


def open_auth(box: Box, row: WebhookRow) -> Any | None:
    """The authentication with its secrets, or None when it does not open."""
    try:
        place = binding(row.uuid, SecretPurpose.AUTHENTICATION)
        return read_auth(box.open(row.auth_sealed, place))
    except SecretUnreadable:
        return NoAuth() if row.auth_type == NO_AUTH else None  # there is no secret in it


def read_auth(text: str) -> Any:
    """The authentication from its JSON. SecretUnreadable when this version does not know it."""
    try:
        return _auth.validate_json(text)
    except ValidationError:
        raise SecretUnreadable(AUTHENTICATION_UNKNOWN()) from None


def _open(box: Box, uuid: str, purpose: SecretPurpose, sealed: str) -> str | None:
    try:
        return box.open(sealed, binding(uuid, purpose))
    except SecretUnreadable:
        return None
