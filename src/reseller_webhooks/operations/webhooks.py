"""Webhooks: add, change, delete, pause, resume, rotate; secrets go in sealed and stay in."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter

from reseller_webhooks import secrets
from reseller_webhooks.clock import SECOND, Micros
from reseller_webhooks.core import targets
from reseller_webhooks.core.addresses import Network
from reseller_webhooks.core.audit import Act
from reseller_webhooks.core.errors import Invalid, NotFound, Outdated
from reseller_webhooks.core.signing import new_secret
from reseller_webhooks.core.texts import check_seen
from reseller_webhooks.core.webhooks import (
    TEXT_MAX,
    Auth,
    ClientCredentialsAuth,
    NoAuth,
    OAuth2,
    PasswordAuth,
    Spec,
    SpecPatch,
    Webhook,
    WebhookState,
    part_of,
)
from reseller_webhooks.operations.audit import changes, settings_of
from reseller_webhooks.operations.audit import webhook as subject_of
from reseller_webhooks.secrets import Box
from reseller_webhooks.store import audit, deliveries
from reseller_webhooks.store import webhooks as store
from reseller_webhooks.store.database import Database, Tx
from reseller_webhooks.store.webhooks import WebhookRow

SECRET_BYTES = 32
BOTH_SIGN_FOR = 86_400 * SECOND
"""After a rotation both secrets sign for a day, so that receivers can change over."""
SECRETS_BEFORE = 4
"""So many earlier secrets sign at most; each makes the header longer."""
CANCELLED_AT_ONCE = 5_000
"""Deliveries closed in the transaction that deletes a webhook; maintenance closes the rest."""

_SECRETS = frozenset({"clientSecret", "password"})
"""They go out exactly as they were given, whatever is in them: nobody reads them."""
_auth: TypeAdapter[Any] = TypeAdapter(Auth)


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
    allowed: Sequence[Network] | None = None,
) -> Added:
    """A new webhook. Invalid for its URLs, Conflict when its url and resource have one.

    allowed: networks that an address in a URL may be in though not global; None for any, since
    the guard refuses it again when it is sent to.
    """
    columns = _columns(spec, Spec.model_fields, box, allowed)
    uuid, secret = secrets.new_id(), new_secret(secrets.random_bytes(SECRET_BYTES))
    with database.write() as tx:
        row = store.add(
            tx,
            uuid=uuid,
            reseller_id=reseller_id,
            part=part_of(uuid),
            secret_sealed=box.seal(secret),
            state=WebhookState.ACTIVE.value,
            **columns,
        )
        audit.write(tx, Act.WEBHOOK_ADDED, subject_of(row), settings_of(row))
    return Added(row, secret)


def change(
    database: Database,
    box: Box,
    reseller_id: int,
    uuid: str,
    patch: SpecPatch,
    *,
    editions: Collection[str] | None = None,
    allowed: Sequence[Network] | None = None,
) -> WebhookRow:
    """Change what the patch names and nothing else. Errors and `allowed` as `add`.

    editions: what the caller has seen, None if that does not matter: Outdated when it is another
        by now.
    """
    columns = _columns(patch, patch.model_fields_set, box, allowed)
    with database.write() as tx:
        before = _get(tx, reseller_id, uuid)
        if editions is not None and edition_of(before) not in editions:
            raise Outdated("somebody else has changed this webhook meanwhile")
        after = store.change(tx, before.id, **columns) if columns else before
        changed = changes(before, after, auth_given="auth_sealed" in columns)
        if changed:
            audit.write(tx, Act.WEBHOOK_CHANGED, subject_of(after), changed)
    return after


def edition_of(row: WebhookRow) -> str:
    """Another one after each change of what can be entered; of secrets it tells nothing."""
    entered = [row.url, row.resource, sorted(row.actions), row.auth_sealed, row.format, row.mode]
    limits = [row.ordered, row.max_in_flight, row.rate_per_second]
    return secrets.fingerprint(repr([*map(str, entered), *limits]))


def delete(database: Database, reseller_id: int, uuid: str) -> None:
    """Delete a webhook: its secrets go, its unfinished deliveries are cancelled, its log stays."""
    with database.write() as tx:
        row = _get(tx, reseller_id, uuid)
        store.change(
            tx,
            row.id,
            deleted_at=tx.now,
            auth_sealed="",
            secret_sealed="",
            previous_secret_sealed=None,
        )
        deliveries.cancel(tx, row.id, limit=CANCELLED_AT_ONCE)
        audit.write(tx, Act.WEBHOOK_DELETED, subject_of(row), settings_of(row))


def pause(database: Database, reseller_id: int, uuid: str) -> WebhookRow:
    """Hold deliveries back; they gather until the webhook is resumed."""
    return _turn(database, reseller_id, uuid, WebhookState.PAUSED, Act.WEBHOOK_PAUSED)


def resume(database: Database, reseller_id: int, uuid: str) -> WebhookRow:
    """Let deliveries go out again."""
    return _turn(database, reseller_id, uuid, WebhookState.ACTIVE, Act.WEBHOOK_RESUMED)


def rotate_secret(database: Database, box: Box, reseller_id: int, uuid: str) -> Added:
    """A new signing secret; the present one goes on signing beside it for a day.

    So do those before that have not had their day yet: an answer may have been lost.
    """
    secret = new_secret(secrets.random_bytes(SECRET_BYTES))

    with database.write() as tx:
        row = _get(tx, reseller_id, uuid)
        before = opened(box, row, tx.now)
        signing = [*(before.previous_secret or "").split(), before.secret]
        changed = store.change(
            tx,
            row.id,
            secret_sealed=box.seal(secret),
            previous_secret_sealed=box.seal(" ".join(signing[-SECRETS_BEFORE:])),
            previous_secret_until=tx.now + BOTH_SIGN_FOR,
        )
        audit.write(tx, Act.WEBHOOK_SECRET_ROTATED, subject_of(changed))
    return Added(changed, secret)


def get(database: Database, reseller_id: int, uuid: str) -> WebhookRow:
    """The reseller's webhook with that id."""
    with database.read() as tx:
        return _get(tx, reseller_id, uuid)


def page(
    database: Database, reseller_id: int, *, after: int = 0, limit: int = 100
) -> list[WebhookRow]:
    """The reseller's webhooks in the order they were added."""
    with database.read() as tx:
        return store.page(tx, reseller_id=reseller_id, after=after, limit=limit)


def changed_since(database: Database, since: Micros, parts: Collection[int]) -> list[WebhookRow]:
    """Webhooks of some partitions written since an instant, deleted ones included; 0 for all."""
    with database.read() as tx:
        return store.changed_since(tx, since, parts)


def auth_of(box: Box, row: WebhookRow) -> Any:
    """The authentication with its secrets; for the engine, and for showing what is no secret."""
    return _auth.validate_json(box.open(row.auth_sealed))


def opened(box: Box, row: WebhookRow, now: Micros) -> Webhook:
    """The webhook as the engine needs it."""
    until = row.previous_secret_until or 0
    previous = row.previous_secret_sealed if until > now else None
    return Webhook(
        id=row.id,
        uuid=row.uuid,
        reseller_id=row.reseller_id,
        url=row.url,
        resource=row.resource,
        actions=row.actions,
        auth=auth_of(box, row),
        secret=box.open(row.secret_sealed),
        previous_secret=box.open(previous) if previous else None,
        previous_secret_until=until,
        format=row.format,
        mode=row.mode,
        ordered=row.ordered,
        max_in_flight=row.max_in_flight,
        rate_per_second=row.rate_per_second,
        state=row.state,
        hurried_at=row.hurried_at or 0,
    )


def _turn(
    database: Database, reseller_id: int, uuid: str, state: WebhookState, act: Act
) -> WebhookRow:
    with database.write() as tx:
        row = _get(tx, reseller_id, uuid)
        if row.state is not state:
            audit.write(tx, act, subject_of(row))
        return store.change(tx, row.id, state=state.value)


def _get(tx: Tx, reseller_id: int, uuid: str) -> WebhookRow:
    row = store.by_uuid(tx, uuid, reseller_id=reseller_id)
    if row is None:
        raise NotFound("webhook", uuid)
    return row


def _columns(
    given: Spec | SpecPatch,
    names: Collection[str],
    box: Box,
    allowed: Sequence[Network] | None,
) -> dict[str, object]:
    columns: dict[str, object] = {}
    for name in sorted(names):
        value = getattr(given, name)
        match name:
            case "url":
                columns["url"] = targets.check_target(value, allowed, "/url")
            case "auth":
                columns |= _auth_columns(value, box, allowed)
            case "resource" | "format" | "mode":
                columns[name] = value.value
            case _:
                columns[name] = value
    return columns


def _auth_columns(
    auth: NoAuth | PasswordAuth | ClientCredentialsAuth,
    box: Box,
    allowed: Sequence[Network] | None,
) -> dict[str, object]:
    if isinstance(auth, PasswordAuth | ClientCredentialsAuth):
        _check_texts(auth)
        checked = targets.check_target(auth.token_url, allowed, "/auth/tokenUrl")
        auth = auth.model_copy(update={"token_url": checked})
    return {"auth_type": auth.type, "auth_sealed": box.seal(auth.model_dump_json(by_alias=True))}


def _check_texts(auth: OAuth2) -> None:
    # Not a rule of the shape: what was stored before there was one still has to be read.
    texts = auth.model_dump(by_alias=True, exclude={"type", "token_url"}, exclude_none=True)
    for name, text in texts.items():
        if len(text) > TEXT_MAX:
            told = f"is {len(text)} characters long; at most {TEXT_MAX} are possible"
            raise Invalid.at(f"/auth/{name}", told)
        if name not in _SECRETS:
            check_seen(text, f"/auth/{name}")
