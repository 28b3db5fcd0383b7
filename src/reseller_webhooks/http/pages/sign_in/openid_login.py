"""A login in progress at the identity provider, and the configured provider."""

import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reseller_webhooks import crypto
from reseller_webhooks.settings import Settings

if TYPE_CHECKING:
    from reseller_webhooks.http.pages.sign_in.openid import OpenId


@dataclass(frozen=True, slots=True)
class Login:
    """A sign-in that the provider was asked for: what only this browser knows of it.

    wanted: the path to go on to.
    """

    state: str
    nonce: str
    verifier: str = field(repr=False)
    wanted: str


def new_login(wanted: str) -> Login:
    """A login with new random values."""
    return Login(crypto.new_token(), crypto.new_token(), crypto.new_token(), wanted)


def provider(settings: Settings, tls: Callable[[], ssl.SSLContext]) -> "OpenId | None":
    """The provider that the settings name. tls: the certificates that are trusted now."""
    if not settings.oidc_issuer:
        return None
    # Its HTTP client is a tenth of all that a start imports.
    from reseller_webhooks.http.pages.sign_in.openid import OpenId

    return OpenId(settings, tls)
