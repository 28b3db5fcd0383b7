"""OAuth2 token requests.

RFC 6749: password grant 4.3, client credentials 4.4, client authentication 2.3.1; RFC 7523 2.2.
"""

import base64
from collections.abc import Mapping
from enum import StrEnum
from urllib.parse import quote_plus, urlencode

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from reseller_webhooks import __version__, clock, crypto
from reseller_webhooks.core.deliveries.attempts import Outgoing
from reseller_webhooks.core.webhooks.private_keys import algorithm_of
from reseller_webhooks.core.webhooks.webhook import ClientAuth, OAuth2, PasswordAuth

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_LIFE_S = 60
_KEY_TYPES: Mapping[str, type[RSAKey | ECKey]] = {"RS": RSAKey, "ES": ECKey}


class Method(StrEnum):
    """Methods by which a token request authenticates the client."""

    ENCODED_BASIC = "encoded basic"
    """ID and secret are form-encoded before they are joined, as RFC 6749 has it."""
    RAW_BASIC = "raw basic"
    """They are joined as they are, for servers that do not decode them."""
    BODY = "body"
    PUBLIC = "public"
    ASSERTION = "assertion"


_METHODS = {
    ClientAuth.AUTO: (Method.ENCODED_BASIC, Method.RAW_BASIC, Method.BODY),
    ClientAuth.BASIC: (Method.ENCODED_BASIC,),
    ClientAuth.BODY: (Method.BODY,),
    ClientAuth.NONE: (Method.PUBLIC,),
    ClientAuth.PRIVATE_KEY_JWT: (Method.ASSERTION,),
}


def methods_of(auth: OAuth2) -> tuple[Method, ...]:
    """The methods to try, in this order; raw Basic only where it differs."""
    methods = _METHODS[auth.client_auth]
    if encoded_credentials(auth) != _raw_credentials(auth):
        return methods
    return tuple(method for method in methods if method is not Method.RAW_BASIC)


def token_request(auth: OAuth2, method: Method, reseller_id: int = 0) -> Outgoing:
    """The token request for a webhook of that reseller."""
    headers = {
        "accept": "application/json",
        "content-type": "application/x-www-form-urlencoded",
        "user-agent": f"reseller-webhooks/{__version__}",
    }
    form = _grant(auth)
    match method:
        case Method.ENCODED_BASIC:
            headers["authorization"] = f"Basic {encoded_credentials(auth)}"
        case Method.RAW_BASIC:
            headers["authorization"] = f"Basic {_raw_credentials(auth)}"
        case Method.BODY:
            form |= {"client_id": auth.client_id, "client_secret": auth.client_secret or ""}
        case Method.PUBLIC:
            form["client_id"] = auth.client_id
        case Method.ASSERTION:
            form |= {"client_assertion_type": ASSERTION_TYPE, "client_assertion": _assertion(auth)}
    return Outgoing(auth.token_url, headers, urlencode(form).encode(), reseller_id)


def sent_secrets(auth: OAuth2) -> tuple[str, ...]:
    """The secrets of token requests, in every form in which they are sent."""
    plain = [auth.client_secret or ""]
    plain += [auth.password] if isinstance(auth, PasswordAuth) else []
    texts = {text for secret in plain if secret for text in (secret, quote_plus(secret))}
    joined = (encoded_credentials(auth), _raw_credentials(auth))
    return (*joined, *sorted(texts, key=len, reverse=True))


def encoded_credentials(auth: OAuth2) -> str:
    """Client ID and secret for HTTP Basic: encoded first, so that the ID may contain a colon."""
    return _base64(f"{quote_plus(auth.client_id)}:{quote_plus(auth.client_secret or '')}")


def _raw_credentials(auth: OAuth2) -> str:
    return _base64(f"{auth.client_id}:{auth.client_secret or ''}")


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _grant(auth: OAuth2) -> dict[str, str]:
    form = {"grant_type": "client_credentials"}
    if isinstance(auth, PasswordAuth):
        form = {
            "grant_type": "password",
            "username": auth.username,
            "password": auth.password,
        }
    return form | ({"scope": auth.scope} if auth.scope else {})


def _assertion(auth: OAuth2) -> str:
    """A JWT by which the client proves that it holds its private key (RFC 7523, 3)."""
    pem = auth.private_key or ""
    algorithm = algorithm_of(pem)
    now_s = clock.now() // clock.SECOND
    claims = {
        "iss": auth.client_id,
        "sub": auth.client_id,
        "aud": auth.token_url,
        "jti": crypto.new_id(),
        "iat": now_s,
        "exp": now_s + ASSERTION_LIFE_S,
    }
    key = _KEY_TYPES[algorithm[:2]].import_key(pem)
    return jwt.encode({"alg": algorithm}, claims, key, algorithms=[algorithm])
