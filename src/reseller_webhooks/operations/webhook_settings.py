"""A webhook's settings: checked as they are given, and as columns of its row."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from reseller_webhooks.core.errors import BadValue, Invalid
from reseller_webhooks.core.messages.changes import TOO_LONG_TEXT
from reseller_webhooks.core.text_rules import check_seen
from reseller_webhooks.core.webhooks import private_keys, target_url
from reseller_webhooks.core.webhooks.ip_policy import TargetNetworks
from reseller_webhooks.core.webhooks.secret_destinations import (
    SECRET_FIELDS,
    Destinations,
    require_secrets,
)
from reseller_webhooks.core.webhooks.webhook import (
    NEEDS_CLIENT_SECRET,
    TEXT_MAX,
    ClientAuth,
    ClientCredentialsAuth,
    NoAuth,
    OAuth2,
    PasswordAuth,
    SecretPurpose,
    Spec,
    SpecPatch,
)
from reseller_webhooks.operations.webhook_secrets import Sealer


@dataclass(frozen=True, slots=True)
class CheckedSettings:
    """Settings that may be written. auth: None when it was not given."""

    plain: Mapping[str, object]
    auth: Any = None

    @property
    def url(self) -> str | None:
        """The checked URL, None when it was not given."""
        url = self.plain.get("url")
        return url if isinstance(url, str) else None

    def require_secrets(self, names: tuple[str, ...], url: str) -> None:
        """Invalid when the URL leads elsewhere than `url` and no authentication came with it.

        An authentication is always given whole, so its secrets are new. names: the secret fields
        of the stored one.
        """
        if self.url is not None and self.auth is None:
            require_secrets(names, Destinations(url), Destinations(self.url))

    def columns(self, sealer: Sealer) -> dict[str, object]:
        """The row's columns, the secrets sealed."""
        if self.auth is None:
            return dict(self.plain)
        text = self.auth.model_dump_json(by_alias=True)
        sealed = sealer.seal(SecretPurpose.AUTHENTICATION, text)
        return {**self.plain, "auth_type": self.auth.type, "auth_sealed": sealed}


def check_settings(
    given: Spec | SpecPatch, names: Collection[str], allowed: TargetNetworks | None
) -> CheckedSettings:
    """Those settings that are named. Invalid for their URLs and texts."""
    plain: dict[str, object] = {}
    auth = None
    for name in sorted(names):
        value = getattr(given, name)
        match name:
            case "url":
                plain["url"] = target_url.check_target(value, allowed, "/url")
            case "auth":
                auth = _checked_auth(value, allowed)
            case _:
                plain[name] = value
    return CheckedSettings(plain, auth)


def _checked_auth(
    auth: NoAuth | PasswordAuth | ClientCredentialsAuth, allowed: TargetNetworks | None
) -> Any:
    if not isinstance(auth, PasswordAuth | ClientCredentialsAuth):
        return auth
    _check_texts(auth)
    if auth.private_key is not None:
        _check_private_key(auth.private_key)
    checked = target_url.check_target(auth.token_url, allowed, "/auth/tokenUrl")
    return auth.model_copy(update={"token_url": checked, **_unused_secrets(auth)})


def _unused_secrets(auth: OAuth2) -> dict[str, None]:
    """Secrets that the client authentication does not use, to be dropped."""
    uses_secret = auth.client_auth in NEEDS_CLIENT_SECRET
    uses_key = auth.client_auth is ClientAuth.PRIVATE_KEY_JWT
    unused = {"client_secret": uses_secret, "private_key": uses_key}
    return {name: None for name, is_used in unused.items() if not is_used}


def _check_private_key(pem: str) -> None:
    try:
        private_keys.algorithm_of(pem)
    except BadValue as error:
        raise Invalid.at("/auth/privateKey", error.message) from None


def _check_texts(auth: OAuth2) -> None:
    # Not a rule of the shape: what was stored before there was one still has to be read.
    texts = auth.model_dump(by_alias=True, exclude={"type", "token_url"}, exclude_none=True)
    for name, text in texts.items():
        if len(text) > TEXT_MAX:
            raise Invalid.at(f"/auth/{name}", TOO_LONG_TEXT(length=len(text), most=TEXT_MAX))
        # Secrets go out exactly as they were given, whatever is in them: nobody reads them.
        if name not in SECRET_FIELDS[auth.type]:
            check_seen(text, f"/auth/{name}")
