"""OAuth2 token requests and their responses.

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
from reseller_webhooks.core.messages import Message
from reseller_webhooks.core.messages.attempts import (
    OAUTH_CLIENT_REFUSED,
    OAUTH_GRANT_NOT_ALLOWED,
    OAUTH_GRANT_NOT_OFFERED,
    OAUTH_WRONG_CLIENT,
    OAUTH_WRONG_SCOPE,
    OAUTH_WRONG_USER,
    TOKEN_MISSING,
    TOKEN_NOT_A_HEADER,
    TOKEN_OF_OTHER_TYPE,
    TOKEN_REFUSED,
    TOKEN_REFUSED_AS,
    TOKEN_REFUSED_AS_SAYING,
    TOKEN_REFUSED_SAYING,
    TOKEN_REQUEST_FAILED,
    TOKEN_REQUEST_UNSUCCESSFUL,
    TOKEN_RESPONSE_INVALID,
    UNKNOWN_REASON,
)
from reseller_webhooks.core.webhooks.webhook import ClientCredentialsAuth, OAuth2, PasswordAuth

DESCRIPTION_CHARS = 200
"""Of what the server says about an error, for the log."""

_HEADER_SAFE = re.compile(r"[\x21-\x7e]+")
_MEANINGS = {
    "invalid_client": OAUTH_WRONG_CLIENT,
    "invalid_scope": OAUTH_WRONG_SCOPE,
    "unauthorized_client": OAUTH_GRANT_NOT_ALLOWED,
    "unsupported_grant_type": OAUTH_GRANT_NOT_OFFERED,
}
_GRANT_MEANINGS = {
    PasswordAuth: OAUTH_WRONG_USER,
    ClientCredentialsAuth: OAUTH_CLIENT_REFUSED,
}


@dataclass(frozen=True, slots=True)
class TokenResponse:
    """An access token. life_s: its lifetime in seconds; None if the server gives none."""

    text: str = field(repr=False)
    life_s: float | None


@dataclass(frozen=True, slots=True)
class TokenError:
    """There is no token. detail: holds no secret."""

    detail: Message


def token_request(auth: OAuth2, reseller_id: int = 0) -> Outgoing:
    """The token request for a webhook of that reseller."""
    headers = {
        "accept": "application/json",
        "authorization": f"Basic {_credentials(auth)}",
        "content-type": "application/x-www-form-urlencoded",
        "user-agent": f"reseller-webhooks/{__version__}",
    }
    return Outgoing(auth.token_url, headers, _form(auth).encode(), reseller_id)


def _credentials(auth: OAuth2) -> str:
    # RFC 6749, 2.3.1: encoded before they are joined, so that the ID may contain a colon.
    pair = f"{quote_plus(auth.client_id)}:{quote_plus(auth.client_secret)}"
    return base64.b64encode(pair.encode()).decode()


def _form(auth: OAuth2) -> str:
    if isinstance(auth, ClientCredentialsAuth):
        return BackendApplicationClient(auth.client_id).prepare_request_body(scope=auth.scope)
    return LegacyApplicationClient(auth.client_id).prepare_request_body(
        auth.username, auth.password, scope=auth.scope
    )


def parse_response(attempt: Attempt, body: bytes, auth: OAuth2) -> TokenResponse | TokenError:
    """Parse the response to a token request."""
    if attempt.status is None:
        return TokenError(TOKEN_REQUEST_FAILED(why=attempt.message or UNKNOWN_REASON()))
    status = attempt.status
    try:
        # Without a scope to compare with: a server may grant less than was asked for (3.3).
        given = BackendApplicationClient("").parse_request_body_response(body.decode(), scope=None)
    except MissingTokenError:
        return TokenError(TOKEN_MISSING(status=status))
    except OAuth2Error as error:
        return TokenError(_refused(status, error, auth))
    except Exception:  # the parser raises whatever garbage makes it raise
        return TokenError(TOKEN_RESPONSE_INVALID(status=status))
    if not attempt.accepted:
        return TokenError(TOKEN_REQUEST_UNSUCCESSFUL(status=status))
    return _granted(given, status)


def _granted(given: dict[str, Any], status: int) -> TokenResponse | TokenError:
    text, kind = given.get("access_token"), given.get("token_type", "bearer")
    if str(kind).lower() != "bearer":
        return TokenError(TOKEN_OF_OTHER_TYPE(status=status))
    if not isinstance(text, str) or not _HEADER_SAFE.fullmatch(text):
        return TokenError(TOKEN_NOT_A_HEADER(status=status))
    return TokenResponse(text, given.get("expires_in"))


def _refused(status: int, error: OAuth2Error, auth: OAuth2) -> Message:
    name = _clean(str(error.error or "error"), auth)
    meaning = _GRANT_MEANINGS[type(auth)] if name == "invalid_grant" else _MEANINGS.get(name)
    said = _clean(str(error.description or ""), auth)
    if meaning and said:
        return TOKEN_REFUSED_AS_SAYING(status=status, error=name, why=meaning(), said=said)
    if meaning:
        return TOKEN_REFUSED_AS(status=status, error=name, why=meaning())
    if said:
        return TOKEN_REFUSED_SAYING(status=status, error=name, said=said)
    return TOKEN_REFUSED(status=status, error=name)


def _clean(text: str, auth: OAuth2) -> str:
    """One line of what the server said, without what we told it in confidence."""
    for secret in _secrets(auth):
        text = text.replace(secret, "***")
    return "".join(char if char.isprintable() else " " for char in text)[:DESCRIPTION_CHARS]


def _secrets(auth: OAuth2) -> list[str]:
    plain = [auth.client_secret] + ([auth.password] if isinstance(auth, PasswordAuth) else [])
    return [_credentials(auth), *sorted({*plain, *map(quote_plus, plain)}, key=len, reverse=True)]
