"""The form of Add Webhook and Edit Webhook: to a Spec, and from a row."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import ValidationError

from reseller_webhooks.core.errors import Invalid
from reseller_webhooks.core.webhooks import target_url
from reseller_webhooks.core.webhooks.ip_policy import TargetNetworks
from reseller_webhooks.core.webhooks.secret_destinations import (
    Destinations,
    secret_fields,
    secrets_to_reenter,
)
from reseller_webhooks.core.webhooks.settings import DELIVERY, SETTINGS, Kind, Setting
from reseller_webhooks.core.webhooks.webhook import Spec, SpecPatch
from reseller_webhooks.core.webhooks.webhook_row import WebhookRow
from reseller_webhooks.http.pages.form import Form
from reseller_webhooks.http.pages.forms.webhook_fields import (
    ADVICE,
    AUTH_FIELDS,
    ENTER_AGAIN,
    LABELS,
    OPTIONAL_FIELDS,
    SECRETS,
    WHOLE_FORM,
    wrong_of,
    wrong_of_shape,
)
from reseller_webhooks.http.pages.language import _
from reseller_webhooks.operations.webhooks import etag_revision


@dataclass(frozen=True, slots=True)
class Filled:
    """The form as the page shows it. No secret is ever in `values`.

    values: what was typed or is stored. actions: which are ticked. stored: secrets that are kept
    when their field is left empty. wrong: a sentence for each field that has to be mended.
    kept: secrets that were typed before, which are used when their field is left empty.
    edition: of the stored webhook when the form was opened.
    """

    values: Mapping[str, str]
    actions: frozenset[str] = frozenset()
    stored: frozenset[str] = frozenset()
    wrong: Mapping[str, str] = field(default_factory=dict)
    kept: frozenset[str] = frozenset()
    edition: str = ""

    @property
    def labels(self) -> Mapping[str, str]:
        """The label of each field."""
        return LABELS

    @property
    def opens_delivery(self) -> bool:
        """True if the delivery settings are open: one differs from its default, or is wrong."""
        is_custom = any(self.values[name] not in ("", value) for name, value in _DEFAULTS.items())
        return is_custom or any(name in self.wrong for name in _DEFAULTS)

    def with_wrong(self, wrong: Mapping[str, str]) -> "Filled":
        """The form with problems, in the page's order."""
        return replace(
            self, wrong={name: wrong[name] for name in (WHOLE_FORM, *LABELS) if name in wrong}
        )


class Wrong(Exception):
    """The form cannot be saved. fields: a sentence for each field to mend."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        self.fields = fields
        super().__init__(", ".join(fields))


@dataclass(frozen=True, slots=True)
class StoredSettings:
    """Stored settings that the form compares: the URL, and the authentication, None if
    unreadable."""

    url: str
    auth: Any


def blank() -> Filled:
    """The form before anything is typed."""
    return Filled(dict.fromkeys(LABELS, "") | _DEFAULTS | {"auth": "NONE"})


def from_row(row: WebhookRow, auth: Any) -> Filled:
    """The form of a webhook as it is stored. auth: its authentication, None if unreadable."""
    known = auth.model_dump(by_alias=True, exclude_none=True) if auth else {}
    shown = {name: text for name, text in known.items() if name not in SECRETS}
    values = {
        setting.api_name: _text(setting, getattr(row, setting.name))
        for setting in SETTINGS.values()
        if setting.kind is not Kind.ACTIONS
    }
    return Filled(
        dict.fromkeys(LABELS, "") | shown | values | {"auth": row.auth_type},
        actions=frozenset(row.actions),
        stored=SECRETS & known.keys(),
        edition=etag_revision(row),
    )


def typed(form: Form, stored: frozenset[str], kept: frozenset[str]) -> Filled:
    """The form as typed, without its secrets."""
    values = {name: form.text(name) for name in LABELS if name not in SECRETS}
    edition = form.text("edition")
    return Filled(values, form.every("actions"), stored, kept=kept, edition=edition)


def spec(form: Form, allowed: TargetNetworks, stored: StoredSettings | None = None) -> Spec:
    """The webhook that the form asks for. Wrong with all there is to mend.

    stored: what the form edits; its secrets are used where the form has none.
    """
    read: Spec = _read(Spec, form, stored, allowed)
    return read


def patch(form: Form, allowed: TargetNetworks, stored: StoredSettings) -> SpecPatch:
    """The patch of a stored webhook that the form asks for. Wrong as `spec`."""
    read: SpecPatch = _read(SpecPatch, form, stored, allowed)
    return read


def to_reenter(form: Form, stored: StoredSettings | None) -> frozenset[str]:
    """Stored secrets that may not be used, because the form sends them to another host."""
    kind = form.text("auth")
    if stored is None or stored.auth is None or stored.auth.type != kind:
        return frozenset()
    token_url = getattr(stored.auth, "token_url", None)
    before = Destinations(stored.url, token_url)
    try:
        after = Destinations(
            target_url.check_url(form.text("url")),
            target_url.check_url(form.text("tokenUrl")) if token_url else None,
        )
    except Invalid:
        return frozenset()  # the URL has to be mended first, and nothing is sent until then
    return frozenset(secrets_to_reenter(secret_fields(kind, stored.auth), before, after))


def _fields(form: Form, stored: Any) -> dict[str, Any]:
    settings = {setting.api_name: _entered(form, setting) for setting in SETTINGS.values()}
    return settings | {"auth": _auth(form, stored)}


def _entered(form: Form, setting: Setting) -> object:
    match setting.kind:
        case Kind.ACTIONS:
            return sorted(form.every(setting.api_name))
        case Kind.FLAG:
            return form.has(setting.api_name)
        case Kind.CHOICE:  # a form without it leaves it at its default
            return form.text(setting.api_name) or _DEFAULTS.get(setting.api_name, "")
    return form.text(setting.api_name) or (None if setting.is_optional else "")


def _text(setting: Setting, value: Any) -> str:
    """The value as the form's field holds it."""
    if value is None:
        return ""
    match setting.kind:
        case Kind.FLAG:
            return "on" if value else ""
        case Kind.NUMBER:
            return f"{value:g}"
    return str(value)


_DEFAULTS = {setting.api_name: _text(setting, setting.default) for setting in DELIVERY}


def _auth(form: Form, stored: StoredSettings | None) -> dict[str, Any]:
    kind = form.text("auth")
    kept = _usable_secrets(form, stored)
    fields: dict[str, Any] = {"type": kind}
    for name in AUTH_FIELDS.get(kind, ()):
        # Blanks may belong to a password; a token or an id cannot have any around it.
        given = form.exact(name) if name in ("clientSecret", "password") else form.text(name)
        fields[name] = given or kept.get(name) or ""
    return {name: text for name, text in fields.items() if text or name not in OPTIONAL_FIELDS}


def _usable_secrets(form: Form, stored: StoredSettings | None) -> dict[str, str]:
    """Stored secrets that may stand in for empty fields."""
    auth = stored.auth if stored else None
    known = auth.model_dump(by_alias=True) if auth and auth.type == form.text("auth") else {}
    return {name: known[name] for name in SECRETS & known.keys() - to_reenter(form, stored)}


def _read(
    model: type[Any], form: Form, stored: StoredSettings | None, allowed: TargetNetworks
) -> Any:
    fields = _fields(form, stored)
    wrong = _wrong_urls(fields, allowed)
    try:
        read = model.model_validate(fields)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        wrong = wrong_of_shape(found) | wrong | _missing_again(fields, to_reenter(form, stored))
    if wrong:
        raise Wrong(wrong)
    return read


def _missing_again(fields: dict[str, Any], names: frozenset[str]) -> dict[str, str]:
    return {name: _(ENTER_AGAIN) for name in names if not fields["auth"].get(name)}


def _wrong_urls(fields: dict[str, Any], allowed: TargetNetworks) -> dict[str, str]:
    """Problems of all URLs at once; the operations refuse one at a time."""
    urls = [("/url", fields["url"])]
    if "tokenUrl" in fields["auth"]:
        urls.append(("/auth/tokenUrl", fields["auth"]["tokenUrl"]))
    wrong: dict[str, str] = {}
    for pointer, url in urls:
        name = pointer.rpartition("/")[2]
        try:
            target_url.check_target(url, allowed, pointer)
        except Invalid as error:
            wrong |= wrong_of(error) if url else {name: _(ADVICE[name])}
    return wrong
