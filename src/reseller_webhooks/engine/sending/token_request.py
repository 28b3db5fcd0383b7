"""Token requests and what servers say to them. Owns the wire of OAuth2; keeps nothing.

RFC 6749: password grant 4.3, client credentials 4.4, HTTP Basic client authentication 2.3.1.
"""

import base64
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus

from oauthlib.oauth2 import BackendApplicationClient, LegacyApplicationClient, OAuth2Error
from oauthlib.oauth2.rfc6749.errors import MissingTokenError

from reseller_webhooks import __version__
from reseller_webhooks.core.deliveries.attempts import Attempt, Outgoing
from reseller_webhooks.core.webhooks.webhook import ClientCredentialsAuth, OAuth2, PasswordAuth

DESCRIPTION_CHARS = 200
"""Of what the server says about an error, for the log."""

_HEADER_SAFE = re.compile(r"[\x21-\x7e]+")
_MEANINGS = {
    "invalid_client": "wrong client ID or client secret",
    "invalid_scope": "the scope is not known or not allowed",
    "unauthorized_client": "this client may not use this grant type",
    "unsupported_grant_type": "the server does not offer this grant type",
}
_GRANT_MEANINGS = {
    PasswordAuth: "wrong username or password",
    ClientCredentialsAuth: "the client credentials are not accepted",
}


@dataclass(frozen=True, slots=True)
class TokenResponse:
    """An access token. life_s: seconds it is good for, None when the server does not say."""

    text: str = field(repr=False)
    life_s: float | None


@dataclass(frozen=True, slots=True)
class TokenError:
    """There is no token. why: one line for the log, without secrets."""

    why: str


def token_request(auth: OAuth2, reseller_id: int = 0) -> Outgoing:
    """What to send to the token URL, for a webhook of that reseller."""
    headers = {
        "accept": "application/json",
        "authorization": f"Basic {_credentials(auth)}",
        "content-type": "application/x-www-form-urlencoded",
        "user-agent": f"reseller-webhooks/{__version__}",
    }
    return Outgoing(auth.token_url, headers, _form(auth).encode(), reseller_id)


def _credentials(auth: OAuth2) -> str:
    # 2.3.1: form-encoded before they are joined, so that a colon in the ID does no harm.
    pair = f"{quote_plus(auth.client_id)}:{quote_plus(auth.client_secret)}"
    return base64.b64encode(pair.encode()).decode()


def _form(auth: OAuth2) -> str:
    if isinstance(auth, ClientCredentialsAuth):
        return BackendApplicationClient(auth.client_id).prepare_request_body(scope=auth.scope)
    return LegacyApplicationClient(auth.client_id).prepare_request_body(
        auth.username, auth.password, scope=auth.scope
    )


def parse_response(attempt: Attempt, body: bytes, auth: OAuth2) -> TokenResponse | TokenError:
    """What the answer to a token request means."""
    if attempt.status is None:
        return TokenError(f"token request failed: {attempt.detail}")
    answered = f"token request answered {attempt.status}"
    try:
        # Without a scope to compare with: a server may grant less than was asked for (3.3).
        given = BackendApplicationClient("").parse_request_body_response(body.decode(), scope=None)
    except MissingTokenError:
        return TokenError(f"{answered} without an access token")
    except OAuth2Error as error:
        return TokenError(f"{answered} {_explained(error, auth)}")
    except Exception:  # the parser raises whatever garbage makes it raise
        return TokenError(f"{answered} with something that is no token response (RFC 6749, 5.1)")
    if not attempt.accepted:
        return TokenError(f"{answered}, which is no success")
    return _granted(given, answered)


def _granted(given: dict[str, Any], answered: str) -> TokenResponse | TokenError:
    text, kind = given.get("access_token"), given.get("token_type", "bearer")
    if str(kind).lower() != "bearer":
        return TokenError(
            f"{answered} with a token of another type; only bearer tokens can be sent"
        )
    if not isinstance(text, str) or not _HEADER_SAFE.fullmatch(text):
        return TokenError(f"{answered} with an access token that cannot go into a header")
    return TokenResponse(text, given.get("expires_in"))


def _explained(error: OAuth2Error, auth: OAuth2) -> str:
    code = _clean(str(error.error or "error"), auth)
    meaning = _GRANT_MEANINGS[type(auth)] if code == "invalid_grant" else _MEANINGS.get(code, "")
    said = _clean(str(error.description or ""), auth)
    parts = [code, f": {meaning}" if meaning else "", f" ({said})" if said else ""]
    return "".join(parts)


def _clean(text: str, auth: OAuth2) -> str:
    """One line of what the server said, without what we told it in confidence."""
    for secret in _secrets(auth):
        text = text.replace(secret, "***")
    return "".join(char if char.isprintable() else " " for char in text)[:DESCRIPTION_CHARS]


def _secrets(auth: OAuth2) -> list[str]:
    plain = [auth.client_secret] + ([auth.password] if isinstance(auth, PasswordAuth) else [])
    return [_credentials(auth), *sorted({*plain, *map(quote_plus, plain)}, key=len, reverse=True)]
