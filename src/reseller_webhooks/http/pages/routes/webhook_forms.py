"""Forms that add or edit a webhook; a test sends the typed settings before they are saved."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from reseller_webhooks.core.access.quotas import Quota
from reseller_webhooks.core.deliveries.attempts import Attempt, Outcome
from reseller_webhooks.core.errors import Conflict, Invalid, Outdated, QuotaExceeded
from reseller_webhooks.core.messages import plain
from reseller_webhooks.core.webhooks.webhook import SecretPurpose, Webhook
from reseller_webhooks.core.webhooks.webhook_row import WebhookRow
from reseller_webhooks.http.edge.response_headers import with_retry_after
from reseller_webhooks.http.pages import paths
from reseller_webhooks.http.pages.dependencies import WebhookEditor
from reseller_webhooks.http.pages.flash import Flash
from reseller_webhooks.http.pages.form import Form
from reseller_webhooks.http.pages.forms import sealed_form_secrets, webhook_form
from reseller_webhooks.http.pages.forms.sealed_form_secrets import Refilled
from reseller_webhooks.http.pages.forms.webhook_fields import WHOLE_FORM, wrong_of
from reseller_webhooks.http.pages.forms.webhook_form import Filled, StoredSettings, Wrong
from reseller_webhooks.http.pages.labels.examples import examples_of
from reseller_webhooks.http.pages.language import N_, _
from reseller_webhooks.http.pages.page import Page
from reseller_webhooks.http.pages.paging import WEBHOOKS
from reseller_webhooks.http.pages.test_runs import send_test
from reseller_webhooks.operations import test_webhook, webhooks
from reseller_webhooks.operations.webhook_secrets import open_secrets

EDIT = paths.WEBHOOKS + "/{uuid}/edit"
INVALID, TAKEN, TOO_MANY = 422, 409, 429
SAME_TARGET = N_(
    "There is already a webhook for this resource to this URL. Edit that one, or give another URL."
)

routes = APIRouter()


@routes.get(paths.ADD)
def add_page(page: WebhookEditor) -> Response:
    """The form, blank."""
    return _form(page, webhook_form.blank(), 200)


@routes.post(paths.ADD)
def add(page: WebhookEditor, form: Refilled) -> Response:
    """Save Webhook: a new one."""
    try:
        spec = webhook_form.spec(form, page.site.context.settings.target_networks)
        limit = page.limit(Quota.WEBHOOKS)
        added = webhooks.add(page.database, page.box, page.tenant, spec, limit=limit)
    except (Wrong, Invalid, Conflict, QuotaExceeded) as error:
        return _refused(page, form, error)
    newest = webhooks.before_newest(page.database, page.tenant, WEBHOOKS)
    return page.go(paths.webhooks(after=newest), Flash("created", added.webhook.uuid, reveals=True))


@routes.post(paths.ADD + "/test")
async def test_new(page: WebhookEditor, form: Refilled) -> Response:
    """Send a test notification as the form says; save nothing."""
    return await _tested(page, form, None)


@routes.get(paths.ADD + "/test")
def after_test(page: WebhookEditor) -> Response:
    """Redirect a visitor who returns to a test's address to an empty form."""
    return page.go(paths.ADD)


@routes.get(EDIT)
def edit_page(page: WebhookEditor, uuid: str) -> Response:
    """The form with the stored settings."""
    stored = _stored(page, uuid)
    filled = webhook_form.from_row(stored.row, stored.auth)
    return _form(page, filled, 200, stored.row, unreadable=stored.unreadable)


@routes.post(EDIT)
def edit(page: WebhookEditor, uuid: str, form: Refilled) -> Response:
    """Save Webhook: one that was there."""
    stored = _stored(page, uuid)
    try:
        patch = webhook_form.patch(
            form, page.site.context.settings.target_networks, stored.settings
        )
        seen = [form.text("edition")] if form.text("edition") else None
        webhooks.change(page.database, page.box, page.tenant, uuid, patch, editions=seen)
    except Outdated:
        return _overtaken(page, form, _stored(page, uuid))
    except (Wrong, Invalid, Conflict, QuotaExceeded) as error:
        return _refused(page, form, error, stored)
    return page.go(paths.webhook(uuid), Flash("changed", uuid))


@routes.post(EDIT + "/test")
async def test_edited(page: WebhookEditor, uuid: str, form: Refilled) -> Response:
    """Send a test notification as the form says; change nothing."""
    return await _tested(page, form, await run_in_threadpool(_stored, page, uuid))


@routes.get(EDIT + "/test")
def after_edited_test(page: WebhookEditor, uuid: str) -> Response:
    """Redirect a visitor who returns to a test's address to the stored form."""
    return page.go(paths.webhook(_stored(page, uuid).row.uuid, "edit"))


@dataclass(frozen=True, slots=True)
class _Stored:
    """The webhook that is edited. auth: its authentication, or None when it cannot be read."""

    row: WebhookRow
    auth: Any | None
    unreadable: tuple[SecretPurpose, ...]

    @property
    def settings(self) -> StoredSettings:
        """The stored settings that the form compares."""
        return StoredSettings(self.row.url, self.auth)


def _stored(page: Page, uuid: str) -> _Stored:
    row = webhooks.get(page.database, page.tenant, uuid)
    secrets = open_secrets(page.box, row, page.now())
    return _Stored(row, secrets.auth, secrets.unreadable)


async def _tested(page: Page, form: Form, stored: _Stored | None) -> Response:
    try:
        webhook = _webhook_as_typed(page, form, stored)
    except (Wrong, Invalid) as error:
        return await run_in_threadpool(_refused, page, form, error, stored)
    try:
        attempt = await send_test(page, webhook)
    except QuotaExceeded as error:
        attempt = Attempt(Outcome.REFUSED, 0, message=plain(page.refusal(error)))
        again = await run_in_threadpool(_again, page, form, {}, TOO_MANY, stored, attempt)
        return with_retry_after(again, error.retry_after_s)
    return await run_in_threadpool(_again, page, form, {}, 200, stored, attempt)


def _webhook_as_typed(page: Page, form: Form, stored: _Stored | None) -> Webhook:
    """The webhook as it would be once it is saved."""
    allowed = page.site.context.settings.target_networks
    if stored is None:
        return test_webhook.new_webhook(page.tenant, webhook_form.spec(form, allowed))
    spec = webhook_form.spec(form, allowed, stored.settings)
    known = webhooks.open_webhook(page.box, stored.row, page.now())
    if SecretPurpose.SIGNING_SECRET in known.unreadable:
        return test_webhook.new_webhook(page.tenant, spec)  # signed with a secret made for the test
    return test_webhook.changed_webhook(known, spec)


def _refused(
    page: Page,
    form: Form,
    error: Wrong | Invalid | Conflict | QuotaExceeded,
    stored: _Stored | None = None,
) -> Response:
    match error:
        case Wrong():
            return _again(page, form, error.fields, INVALID, stored)
        case Invalid():
            return _again(page, form, wrong_of(error), INVALID, stored)
        case QuotaExceeded():
            again = _again(page, form, {WHOLE_FORM: page.refusal(error)}, TOO_MANY, stored)
            return with_retry_after(again, error.retry_after_s)
    return _again(page, form, {"url": _(SAME_TARGET)}, TAKEN, stored)


def _overtaken(page: Page, form: Form, now: _Stored) -> Response:
    """The typed form, to be saved again over another user's changes."""
    known, secrets = (
        webhook_form.from_row(now.row, now.auth),
        sealed_form_secrets.typed(form, but={}),
    )
    usable = known.stored - webhook_form.to_reenter(form, now.settings)
    filled = webhook_form.typed(form, usable, frozenset(secrets))
    return _form(
        page,
        replace(filled, edition=known.edition),
        TAKEN,
        now.row,
        unreadable=now.unreadable,
        kept=sealed_form_secrets.sealed(page, secrets),
        overtaken=True,
    )


def _again(  # noqa: PLR0917 - run in a thread, by position
    page: Page,
    form: Form,
    wrong: Mapping[str, str],
    status: int,
    stored: _Stored | None,
    attempt: Attempt | None = None,
) -> Response:
    """The form once more, with all that was typed."""
    secrets = sealed_form_secrets.typed(form, but=wrong)
    known = webhook_form.from_row(stored.row, stored.auth).stored if stored else frozenset()
    known -= webhook_form.to_reenter(form, stored.settings if stored else None)
    filled = webhook_form.typed(form, known, frozenset(secrets)).with_wrong(wrong)
    row = stored.row if stored else None
    return _form(
        page,
        filled,
        status,
        row,
        unreadable=stored.unreadable if stored else (),
        kept=sealed_form_secrets.sealed(page, secrets),
        attempt=attempt,
    )


def _form(
    page: Page,
    filled: Filled,
    status: int,
    row: WebhookRow | None = None,
    *,
    unreadable: tuple[SecretPurpose, ...] = (),
    kept: str = "",
    attempt: Attempt | None = None,
    overtaken: bool = False,
) -> Response:
    shown = examples_of(page.site.context.settings.public_url)
    return page.html(
        "webhook_form.html",
        status,
        form=filled,
        row=row,
        unreadable=unreadable,
        kept=kept,
        attempt=attempt,
        overtaken=overtaken,
        examples=shown,
    )
