"""Webhooks that are only tried: as somebody has typed them, before anything is saved."""

from dataclasses import replace
from typing import Any

from reseller_webhooks import secrets
from reseller_webhooks.core import targets
from reseller_webhooks.core.signing import new_secret
from reseller_webhooks.core.webhooks import (
    ClientCredentialsAuth,
    NoAuth,
    PasswordAuth,
    Spec,
    Webhook,
)
from reseller_webhooks.operations.webhooks import SECRET_BYTES

NOT_STORED = 0
"""No webhook of the store has this number, so none shares what the engine keeps for it."""
_SHARED = Spec.model_fields.keys() & Webhook.__dataclass_fields__.keys()


def of_new(reseller_id: int, spec: Spec) -> Webhook:
    """A webhook as it would be added, with a signing secret of its own. Invalid for its URLs."""
    secret = new_secret(secrets.random_bytes(SECRET_BYTES))
    blank = Webhook(
        NOT_STORED, "", reseller_id, spec.url, spec.resource, spec.actions, NoAuth(), secret
    )
    return of_changed(blank, spec)


def of_changed(webhook: Webhook, spec: Spec) -> Webhook:
    """A webhook as it would be once it is changed; signed as it is now. Invalid for its URLs."""
    given: dict[str, Any] = {name: getattr(spec, name) for name in _SHARED}
    given["url"] = targets.check_url(spec.url, "/url")
    if isinstance(spec.auth, PasswordAuth | ClientCredentialsAuth):
        checked = targets.check_url(spec.auth.token_url, "/auth/tokenUrl")
        given["auth"] = spec.auth.model_copy(update={"token_url": checked})
    return replace(webhook, id=NOT_STORED, **given)
