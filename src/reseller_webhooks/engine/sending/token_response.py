"""Responses to OAuth2 token requests: an access token, or an error (RFC 6749, 5)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import isfinite
from typing import Any
from urllib.parse import parse_qsl

import orjson

from reseller_webhooks.core.deliveries.attempts import (
    RESPONSE_BYTES_READ,
    Attempt,
    Reason,
    http_date_s,
)
from reseller_webhooks.core.messages import Message, MessageCode
from reseller_webhooks.core.messages.attempts import (
    OAUTH_CLIENT_REFUSED,
    OAUTH_GRANT_NOT_ALLOWED,
    OAUTH_GRANT_NOT_OFFERED,
    OAUTH_REFUSED_SILENTLY,
    OAUTH_SERVER_DOWN,
    OAUTH_SIGN_IN_REFUSED,
    OAUTH_WRONG_CLIENT,
    OAUTH_WRONG_SCOPE,
    OAUTH_WRONG_URL,
    OAUTH_WRONG_USER,
    TOKEN_MISSING,
    TOKEN_NOT_A_HEADER,
    TOKEN_OF_OTHER_TYPE,
    TOKEN_REDIRECTED,
    TOKEN_REFUSED,
    TOKEN_REFUSED_AS,
    TOKEN_REFUSED_AS_SAYING,
    TOKEN_REFUSED_BECAUSE,
    TOKEN_REFUSED_SAYING,
    TOKEN_REQUEST_FAILED,
    TOKEN_REQUEST_UNSUCCESSFUL,
    TOKEN_RESPONSE_INVALID,
    TOKEN_RESPONSE_TOO_LARGE,
    UNKNOWN_REASON,
)
from reseller_webhooks.core.webhooks.webhook import ClientCredentialsAuth, OAuth2, PasswordAuth
from reseller_webhooks.engine.sending.token_request import sent_secrets

DESCRIPTION_CHARS = 200
"""Characters of the server's error description that the log keeps."""
BAD_REQUEST, UNAUTHORISED, FORBIDDEN, NOT_FOUND = 400, 401, 403, 404

_HEADER_SAFE = re.compile(r"[\x21-\x7e]+")
_MEANINGS: Mapping[str, MessageCode] = {
    "invalid_client": OAUTH_WRONG_CLIENT,
    "invalid_scope": OAUTH_WRONG_SCOPE,
    "unauthorized_client": OAUTH_GRANT_NOT_ALLOWED,
    "unsupported_grant_type": OAUTH_GRANT_NOT_OFFERED,
}
_GRANT_MEANINGS: Mapping[type[OAuth2], MessageCode] = {
    PasswordAuth: OAUTH_WRONG_USER,
    ClientCredentialsAuth: OAUTH_CLIENT_REFUSED,
}
_STATUS_MEANINGS: Mapping[int, MessageCode] = {
    BAD_REQUEST: OAUTH_REFUSED_SILENTLY,
    UNAUTHORISED: OAUTH_WRONG_CLIENT,
    FORBIDDEN: OAUTH_SIGN_IN_REFUSED,
    NOT_FOUND: OAUTH_WRONG_URL,
    **dict.fromkeys((502, 503, 504), OAUTH_SERVER_DOWN),
}
"""The meaning of a status if the body has no error."""
_CLIENT_ERRORS = frozenset({"", "invalid_client", "unauthorized_client", "invalid_request"})
"""Errors after which another method of client authentication may succeed."""


@dataclass(frozen=True, slots=True)
class TokenResponse:
    """An access token. life_s: its lifetime in seconds; None if the server gives none."""

    text: str = field(repr=False)
    life_s: float | None


@dataclass(frozen=True, slots=True)
class TokenError:
    """The server gave no token. detail: holds no secret.

    is_of_client: the server may not have recognised how the client authenticated.
    """

    detail: Message
    is_of_client: bool = False


class _NoTokenResponse(Exception):
    """The body is neither JSON nor a form."""


def parse_response(
    attempt: Attempt, body: bytes, auth: OAuth2, now_s: float
) -> TokenResponse | TokenError:
    """Parse the response to a token request. now_s: seconds UTC, for a lifetime that is a date."""
    status = attempt.status
    if status is None:
        return TokenError(TOKEN_REQUEST_FAILED(why=attempt.message or UNKNOWN_REASON()))
    if attempt.reason is Reason.REDIRECT:
        return TokenError(TOKEN_REDIRECTED(status=status))
    try:
        given = _members(body)
    except _NoTokenResponse:
        return _unreadable(status, body)
    if "error" in given:
        return _refused(status, given, auth)
    if not attempt.accepted:
        return _unsuccessful(status, given)
    return _granted(given, status, now_s)


def _members(body: bytes) -> Mapping[str, Any]:
    """The members of a JSON object, or of a form as early servers answer it."""
    try:
        text = body.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        raise _NoTokenResponse from None
    try:
        given = orjson.loads(text or "{}")
    except orjson.JSONDecodeError:
        given = dict(parse_qsl(text))
        if not {"access_token", "error"} & given.keys():
            raise _NoTokenResponse from None
    if not isinstance(given, dict):
        raise _NoTokenResponse
    return given


def _unreadable(status: int, body: bytes) -> TokenError:
    if len(body) >= RESPONSE_BYTES_READ:
        return TokenError(TOKEN_RESPONSE_TOO_LARGE(status=status, size=RESPONSE_BYTES_READ // 1024))
    if meaning := _STATUS_MEANINGS.get(status):
        return TokenError(
            TOKEN_REFUSED_BECAUSE(status=status, why=meaning()), _may_be_client(status, "")
        )
    return TokenError(TOKEN_RESPONSE_INVALID(status=status), _may_be_client(status, ""))


def _unsuccessful(status: int, given: Mapping[str, Any]) -> TokenError:
    is_of_client = _may_be_client(status, "")
    if "access_token" in given:
        return TokenError(TOKEN_REQUEST_UNSUCCESSFUL(status=status))
    if meaning := _STATUS_MEANINGS.get(status):
        return TokenError(TOKEN_REFUSED_BECAUSE(status=status, why=meaning()), is_of_client)
    return TokenError(TOKEN_MISSING(status=status), is_of_client)


def _may_be_client(status: int, error: str) -> bool:
    if status == UNAUTHORISED:
        return True
    return status in (BAD_REQUEST, FORBIDDEN) and error in _CLIENT_ERRORS


def _granted(given: Mapping[str, Any], status: int, now_s: float) -> TokenResponse | TokenError:
    if "access_token" not in given:
        return TokenError(TOKEN_MISSING(status=status))
    text, kind = given["access_token"], given.get("token_type") or "bearer"
    if str(kind).lower() != "bearer":
        return TokenError(TOKEN_OF_OTHER_TYPE(status=status))
    if not isinstance(text, str) or not _HEADER_SAFE.fullmatch(text):
        return TokenError(TOKEN_NOT_A_HEADER(status=status))
    return TokenResponse(text, _life_s(given.get("expires_in"), now_s))


def _life_s(given: object, now_s: float) -> float | None:
    """The lifetime that a server gives in any form; None if it gives none."""
    try:
        life_s = float(given)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        at_s = _date_s(given) if isinstance(given, str) else None
        return None if at_s is None else max(0.0, at_s - now_s)
    return max(0.0, life_s) if isfinite(life_s) else None


def _date_s(text: str) -> float | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return http_date_s(text)
    return at.replace(tzinfo=at.tzinfo or UTC).timestamp()


def _refused(status: int, given: Mapping[str, Any], auth: OAuth2) -> TokenError:
    name = _clean(str(given["error"] or "error"), auth)
    meaning = _meaning(status, name, auth)
    said = _clean(str(given.get("error_description") or ""), auth)
    return TokenError(_refusal(status, name, meaning, said), _may_be_client(status, name))


def _meaning(status: int, name: str, auth: OAuth2) -> MessageCode | None:
    if name == "invalid_grant":
        return _GRANT_MEANINGS[type(auth)]
    if name == "unauthorized_client" and status == UNAUTHORISED:
        return OAUTH_WRONG_CLIENT  # a grant that is not allowed is no lack of authentication
    return _MEANINGS.get(name)


def _refusal(status: int, name: str, meaning: MessageCode | None, said: str) -> Message:
    if meaning and said:
        return TOKEN_REFUSED_AS_SAYING(status=status, error=name, why=meaning(), said=said)
    if meaning:
        return TOKEN_REFUSED_AS(status=status, error=name, why=meaning())
    if said:
        return TOKEN_REFUSED_SAYING(status=status, error=name, said=said)
    return TOKEN_REFUSED(status=status, error=name)


def _clean(text: str, auth: OAuth2) -> str:
    """One line of the server's text, without secrets that it may repeat."""
    for secret in sent_secrets(auth):
        text = text.replace(secret, "***")
    return "".join(char if char.isprintable() else " " for char in text)[:DESCRIPTION_CHARS]
