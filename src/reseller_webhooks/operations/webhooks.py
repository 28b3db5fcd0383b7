"""Webhooks: add, change, delete, pause, resume, rotate; secrets go in sealed and stay in."""

from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum

from reseller_webhooks import crypto
from reseller_webhooks.clock import SECOND, Micros
from reseller_webhooks.core.access.audit import Act
from reseller_webhooks.core.errors import NotFound, Outdated, SecretUnreadable
from reseller_webhooks.core.messages.webhooks import SECRETS_UNREADABLE, WEBHOOK_CHANGED
from reseller_webhooks.core.webhooks.ip_policy import TargetNetworks
from reseller_webhooks.core.webhooks.secret_destinations import secret_fields
from reseller_webhooks.core.webhooks.settings import DELIVERY, values_of
from reseller_webhooks.core.webhooks.signing import new_secret
from reseller_webhooks.core.webhooks.target_url import origin_of
from reseller_webhooks.core.webhooks.webhook import (
    NoAuth,
    PauseReason,
    SecretPurpose,
    Spec,
    SpecPatch,
    Webhook,
    WebhookState,
    part_of,
)
from reseller_webhooks.core.webhooks.webhook_row import WebhookRow
from reseller_webhooks.crypto import Box
from reseller_webhooks.operations.audit import changes, settings_of, webhook_subject
from reseller_webhooks.operations.quotas import check_webhooks
from reseller_webhooks.operations.webhook_secrets import (
    Sealer,
    open_auth,
    open_secrets,
)
from reseller_webhooks.operations.webhook_settings import check_settings
from reseller_webhooks.sealing import revision_of
from reseller_webhooks.store.access import audit
from reseller_webhooks.store.db.database import Database, Tx
from reseller_webhooks.store.deliveries import deliveries
from reseller_webhooks.store.webhooks import webhooks

SECRET_BYTES = 32
BOTH_SIGN_FOR = 86_400 * SECOND
"""After a rotation both secrets sign for a day, so that receivers can change over."""
SECRETS_BEFORE = 4
"""So many earlier secrets sign at most; each makes the header longer."""
CANCELLED_AT_ONCE = 5_000
"""Deliveries closed in the transaction that deletes a webhook; maintenance closes the rest."""


@dataclass(frozen=True, slots=True)
class Added:
    """A webhook and its new signing secret, which is shown this once."""

    webhook: WebhookRow
    secret: str = field(repr=False)


def add(
    database: Database,
    box: Box,
    reseller_id: int,
    spec: Spec,
    *,
    allowed: TargetNetworks | None = None,
    limit: int | None = None,
) -> Added:
    """A new webhook. Invalid for its URLs, Conflict when its url and resource have one;
    QuotaExceeded beyond `limit` webhooks of the reseller.

    allowed: networks that an address in a URL may be in; None for any, since
    the guard refuses it again when it is sent to.
    """
    checked = check_settings(spec, Spec.model_fields, allowed)
    uuid, secret = crypto.new_id(), new_secret(crypto.random_bytes(SECRET_BYTES))
    with database.write() as tx:
        if limit is not None:
            check_webhooks(tx, reseller_id, limit)
        sealer = Sealer.begin(tx, box, uuid)
        row = webhooks.add(
            tx,
            uuid=uuid,
            reseller_id=reseller_id,
            part=part_of(uuid),
            secret_sealed=sealer.seal(SecretPurpose.SIGNING_SECRET, secret),
            state=WebhookState.ACTIVE.value,
            **checked.columns(sealer),
        )
        audit.write(tx, Act.WEBHOOK_ADDED, webhook_subject(row), settings_of(row))
    return Added(row, secret)


def change(
    database: Database,
    box: Box,
    reseller_id: int,
    uuid: str,
    patch: SpecPatch,
    *,
    editions: Collection[str] | None = None,
    allowed: TargetNetworks | None = None,
) -> WebhookRow:
    """Change what the patch names and nothing else. Errors and `allowed` as `add`.

    Invalid as well when the URL leads to another host and the patch brings no authentication.

    editions: what the caller has seen, None if that does not matter: Outdated when it is another
        by now.
    """
    checked = check_settings(patch, patch.model_fields_set, allowed)
    with database.write() as tx:
        before = lock(tx, reseller_id, uuid)
        if editions is not None and etag_revision(before) not in editions:
            raise Outdated(WEBHOOK_CHANGED())
        checked.require_secrets(secret_fields(before.auth_type, open_auth(box, before)), before.url)
        columns = checked.columns(Sealer.begin(tx, box, uuid))
        if checked.url is not None and origin_of(checked.url) != origin_of(before.url):
            columns["held_until"] = None  # another server has asked for nothing
        after = webhooks.change(tx, before.id, **columns) if columns else before
        changed = changes(before, after, auth_given="auth_sealed" in columns)
        if changed:
            audit.write(tx, Act.WEBHOOK_CHANGED, webhook_subject(after), changed)
    return after


def etag_revision(row: WebhookRow) -> str:
    """A fingerprint of all settings, for the ETag; it reveals nothing about secrets."""
    auth = revision_of(row.auth_sealed)  # sealing it anew is no change
    target = [row.url, str(row.resource), str(sorted(row.actions)), auth]
    delivery = [getattr(row, setting.name) for setting in DELIVERY]
    # As texts, not enumerations: the version before makes the same tag.
    plain = [str(value) if isinstance(value, StrEnum) else value for value in delivery]
    return crypto.fingerprint(repr([*target, *plain]))


def delete(database: Database, reseller_id: int, uuid: str) -> None:
    """Delete a webhook: its secrets go, its unfinished deliveries are cancelled, its log stays."""
    with database.write() as tx:
        row = lock(tx, reseller_id, uuid)
        webhooks.change(
            tx,
            row.id,
            deleted_at=tx.now,
            auth_sealed="",
            secret_sealed="",
            previous_secret_sealed=None,
        )
        deliveries.cancel(tx, row.id, limit=CANCELLED_AT_ONCE)
        audit.write(tx, Act.WEBHOOK_DELETED, webhook_subject(row), settings_of(row))


def pause(database: Database, reseller_id: int, uuid: str) -> WebhookRow:
    """Hold deliveries back; they gather until the webhook is resumed."""
    return _turn(database, reseller_id, uuid, WebhookState.PAUSED, Act.WEBHOOK_PAUSED)


def resume(database: Database, reseller_id: int, uuid: str) -> WebhookRow:
    """Resume a paused webhook."""
    return _turn(database, reseller_id, uuid, WebhookState.ACTIVE, Act.WEBHOOK_RESUMED)


def rotate_secret(database: Database, box: Box, reseller_id: int, uuid: str) -> Added:
    """A new signing secret; the present one goes on signing beside it for a day.

    So do those before that have not had their day yet: an answer may have been lost. One that
    does not open is left behind.
    """
    secret = new_secret(crypto.random_bytes(SECRET_BYTES))

    with database.write() as tx:
        row = lock(tx, reseller_id, uuid)
        before = open_secrets(box, row, tx.now)
        signing = [*(before.previous or "").split(), *before.signing.split()]
        sealer = Sealer.begin(tx, box, uuid)
        previous = " ".join(signing[-SECRETS_BEFORE:])
        changed = webhooks.change(
            tx,
            row.id,
            secret_sealed=sealer.seal(SecretPurpose.SIGNING_SECRET, secret),
            previous_secret_sealed=sealer.seal(SecretPurpose.PREVIOUS_SIGNING_SECRET, previous)
            if previous
            else None,
            previous_secret_until=tx.now + BOTH_SIGN_FOR if previous else None,
        )
        audit.write(tx, Act.WEBHOOK_SECRET_ROTATED, webhook_subject(changed))
    return Added(changed, secret)


def row_id(database: Database, reseller_id: int, uuid: str) -> int:
    """The store's number of a webhook, deleted or not. NotFound."""
    with database.read() as tx:
        number = webhooks.id_of(tx, uuid, reseller_id=reseller_id)
    if number is None:
        raise NotFound("webhook", uuid)
    return number


def get(database: Database, reseller_id: int, uuid: str) -> WebhookRow:
    """The reseller's webhook with that id."""
    with database.read() as tx:
        return _get(tx, reseller_id, uuid)


def page(
    database: Database, reseller_id: int, *, after: int = 0, limit: int = 100, search: str = ""
) -> list[WebhookRow]:
    """The reseller's webhooks in the order they were added; search: part of the URL, or the id."""
    with database.read() as tx:
        return webhooks.page(tx, reseller_id=reseller_id, after=after, limit=limit, search=search)


def failing(database: Database, reseller_id: int, *, limit: int) -> list[WebhookRow]:
    """The reseller's active webhooks whose circuit is open, in the order it opened."""
    with database.read() as tx:
        return webhooks.failing(tx, reseller_id=reseller_id, limit=limit)


def before_newest(database: Database, reseller_id: int, count: int) -> int:
    """The position at which a page of the newest `count` webhooks begins, as `page` takes it."""
    with database.read() as tx:
        return webhooks.before_newest(tx, reseller_id, count)


def unreadable(box: Box, row: WebhookRow, now: Micros) -> tuple[SecretPurpose, ...]:
    """Secrets of the webhook that do not open; nothing is sent while there are any."""
    return open_secrets(box, row, now).unreadable


def require_readable(webhook: Webhook) -> None:
    """SecretUnreadable when one of the webhook's secrets did not open."""
    if webhook.unreadable:
        raise SecretUnreadable(SECRETS_UNREADABLE(), webhook.unreadable)


def open_webhook(box: Box, row: WebhookRow, now: Micros) -> Webhook:
    """The webhook as the engine needs it; secrets that do not open are named, and blank."""
    found = open_secrets(box, row, now)
    return Webhook(
        id=row.id,
        uuid=row.uuid,
        reseller_id=row.reseller_id,
        auth=found.auth or NoAuth(),
        secret=found.signing,
        previous_secret=found.previous,
        previous_secret_until=row.previous_secret_until or 0,
        state=row.state,
        hurried_at=row.hurried_at or 0,
        unreadable=found.unreadable,
        **values_of(row),
    )


def _turn(
    database: Database, reseller_id: int, uuid: str, state: WebhookState, act: Act
) -> WebhookRow:
    with database.write() as tx:
        row = lock(tx, reseller_id, uuid)
        if row.state is state:
            return row
        reason = PauseReason.BY_HAND.value if state is WebhookState.PAUSED else None
        changed = webhooks.change(tx, row.id, state=state.value, pause_reason=reason)
        audit.write(tx, act, webhook_subject(row))
        return changed


def lock(tx: Tx, reseller_id: int, uuid: str) -> WebhookRow:
    """The reseller's webhook, locked until the commit. NotFound."""
    return _found(webhooks.by_uuid(tx, uuid, reseller_id=reseller_id, for_update=True), uuid)


def _get(tx: Tx, reseller_id: int, uuid: str) -> WebhookRow:
    return _found(webhooks.by_uuid(tx, uuid, reseller_id=reseller_id), uuid)


def _found(row: WebhookRow | None, uuid: str) -> WebhookRow:
    if row is None:
        raise NotFound("webhook", uuid)
    return row
