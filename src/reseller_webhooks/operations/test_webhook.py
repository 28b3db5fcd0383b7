"""Webhooks for test notifications: as they are typed, before they are saved."""

from dataclasses import replace
from typing import Any

from reseller_webhooks import crypto
from reseller_webhooks.core.access.audit import Act, Subject
from reseller_webhooks.core.webhooks import target_url
from reseller_webhooks.core.webhooks.ip_policy import TargetNetworks
from reseller_webhooks.core.webhooks.secret_destinations import secret_fields
from reseller_webhooks.core.webhooks.signing import new_secret
from reseller_webhooks.core.webhooks.webhook import (
    ClientCredentialsAuth,
    NoAuth,
    PasswordAuth,
    SecretPurpose,
    Spec,
    SpecPatch,
    Webhook,
)
from reseller_webhooks.operations.webhook_settings import check_settings
from reseller_webhooks.operations.webhooks import SECRET_BYTES
from reseller_webhooks.store.access import audit
from reseller_webhooks.store.db.database import Database

TESTS_MAX = 3
"""Of one reseller at once, from pages and API: they pass by the webhook's own limits, and each may
take as long as the receiver lets it.
"""
NOT_STORED = 0
"""No webhook of the store has this number, so none shares what the engine keeps for it."""


def new_webhook(reseller_id: int, spec: Spec) -> Webhook:
    """A webhook as it would be added, with a signing secret of its own. Invalid for its URLs."""
    secret = new_secret(crypto.random_bytes(SECRET_BYTES))
    blank = Webhook(
        id=NOT_STORED,
        uuid="",
        reseller_id=reseller_id,
        url=spec.url,
        resource=spec.resource,
        actions=spec.actions,
        auth=NoAuth(),
        secret=secret,
    )
    return changed_webhook(blank, spec)


def changed_webhook(webhook: Webhook, spec: Spec) -> Webhook:
    """A webhook as it would be once it is changed; signed as it is now. Invalid for its URLs."""
    checked = check_settings(spec, Spec.model_fields, None)
    given: dict[str, Any] = {**checked.plain, "auth": checked.auth}
    return replace(webhook, id=NOT_STORED, **given)


def patched_webhook(
    webhook: Webhook, patch: SpecPatch, auth_type: str, allowed: TargetNetworks | None
) -> Webhook:
    """A webhook as the patch would leave it. Errors as `operations.webhooks.change`.

    auth_type: of what is stored, which is known even when the stored secret does not open.
    """
    checked = check_settings(patch, patch.model_fields_set, allowed)
    is_open = SecretPurpose.AUTHENTICATION not in webhook.unreadable
    names = secret_fields(auth_type, webhook.auth if is_open else None)
    checked.require_secrets(names, webhook.url)
    given: dict[str, Any] = {name: getattr(patch, name) for name in patch.model_fields_set}
    if checked.url is not None:
        given["url"] = checked.url
    if checked.auth is not None:
        still = (one for one in webhook.unreadable if one is not SecretPurpose.AUTHENTICATION)
        given |= {"auth": checked.auth, "unreadable": tuple(still)}
    return replace(webhook, id=NOT_STORED, **given) if given else webhook


def record_test(database: Database, webhook: Webhook) -> None:
    """Write to the audit log that a test notification is about to go out, and to which hosts."""
    details = {"host": target_url.authority_of(webhook.url)}
    if isinstance(webhook.auth, PasswordAuth | ClientCredentialsAuth):
        details["token_host"] = target_url.authority_of(webhook.auth.token_url)
    subject = Subject(webhook.uuid, webhook.url, webhook.reseller_id)
    with database.write() as tx:
        audit.write(tx, Act.WEBHOOK_TESTED, subject, details)
