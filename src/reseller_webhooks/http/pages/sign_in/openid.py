"""Signing in with an OpenID Connect provider: Authorization Code with PKCE (Core 1.0, RFC 7636).

Owns every request to the provider, and what is believed of its answers.
"""

import asyncio
import ssl
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any
from urllib.parse import quote_plus, urlencode

import httpx
import orjson
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from reseller_webhooks import clock
from reseller_webhooks.clock import SECOND
from reseller_webhooks.core.errors import NotSignedIn, Unavailable
from reseller_webhooks.core.messages import Message, plain
from reseller_webhooks.core.messages.access import (
    OIDC_ANSWER_TOO_LONG,
    OIDC_ANSWERED,
    OIDC_EMAIL_NOT_VERIFIED,
    OIDC_NO_ENDPOINT,
    OIDC_OTHER_CLIENT,
    OIDC_OTHER_ISSUER,
    OIDC_OTHER_USER,
    OIDC_REFUSED,
    OIDC_SUBJECT_TOO_LONG,
    OIDC_TOKEN_INVALID,
    OIDC_UNREACHABLE,
    OIDC_WRONG_ISSUER,
)
from reseller_webhooks.core.messages.attempts import UNKNOWN_REASON
from reseller_webhooks.http.edge.exchange import waiting_for_peer
from reseller_webhooks.http.pages import paths
from reseller_webhooks.http.pages.sign_in.openid_login import Login
from reseller_webhooks.operations.single_sign_on import Vouched
from reseller_webhooks.settings import Settings

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
"""Asymmetric only: with any other a key that is public, or none, would sign."""
LEEWAY_S = 60
TIMEOUT_S = 10.0
"""Of a whole request."""
UNCOMPRESSED = {"accept-encoding": "identity"}
"""So that ANSWER_BYTES_MAX bounds the memory of an answer, too."""
ANSWER_BYTES_MAX = 256 * 1024
SUBJECT_MAX = 255
"""Characters (OpenID Connect Core, 2)."""
METADATA_KEPT_S = 3600.0


class OpenId:
    """The provider. Every method but `address` of it may raise Unavailable."""

    def __init__(self, settings: Settings, tls: Callable[[], ssl.SSLContext]) -> None:
        self._issuer = settings.oidc_issuer
        self._client_id = settings.oidc_client_id
        self._client_secret = settings.oidc_client_secret.get_secret_value()
        self._back = settings.public_url + paths.OPENID_BACK
        self._tls = tls
        self._kept: tuple[Mapping[str, Any], float] | None = None

    async def address(self, login: Login) -> str:
        """The provider's address for signing in (RFC 7636, 4.3)."""
        asked = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": self._back,
            "scope": "openid email",
            "state": login.state,
            "nonce": login.nonce,
            "code_challenge": _challenge(login.verifier),
            "code_challenge_method": "S256",
        }
        endpoint = _https(await self._metadata(), "authorization_endpoint")
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}"

    async def vouched(self, login: Login, code: str, issuer: str) -> Vouched:
        """The person who has signed in there, with a verified address. NotSignedIn without one.

        issuer: who the browser says it comes from, if it says so (RFC 9207).
        """
        metadata = await self._metadata()
        if issuer and issuer != self._issuer:
            raise NotSignedIn(OIDC_OTHER_ISSUER())
        answer = await self._tokens(metadata, login, code)
        claims = await self._claims(metadata, str(answer.get("id_token", "")), login)
        told: Mapping[str, Any] = claims
        if "email" not in claims:
            told = await self._more(metadata, str(answer.get("access_token", "")), claims)
        # Address and verification from one source: each vouches only for its own address.
        if not isinstance(told.get("email"), str) or told.get("email_verified") is not True:
            raise NotSignedIn(OIDC_EMAIL_NOT_VERIFIED())
        subject = str(claims["sub"])
        if len(subject) > SUBJECT_MAX:
            raise NotSignedIn(OIDC_SUBJECT_TOO_LONG())
        return Vouched(self._issuer, subject, told["email"])

    async def _metadata(self) -> Mapping[str, Any]:
        """The provider's metadata (OpenID Connect Discovery 1.0, 4)."""
        if self._kept and clock.monotonic_s() < self._kept[1]:
            return self._kept[0]
        url = f"{self._issuer.rstrip('/')}/.well-known/openid-configuration"
        found: dict[str, Any] = await self._json("GET", url)
        if found.get("issuer") != self._issuer:
            raise Unavailable(OIDC_WRONG_ISSUER(url=url, issuer=str(found.get("issuer"))))
        self._kept = (found, clock.monotonic_s() + METADATA_KEPT_S)
        return found

    async def _tokens(self, metadata: Mapping[str, Any], login: Login, code: str) -> dict[str, Any]:
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._back,
            "code_verifier": login.verifier,
        }
        methods = metadata.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        headers = {}
        if self._client_secret and "client_secret_basic" in methods:
            # Both parts are encoded as form fields are (RFC 6749, 2.3.1).
            pair = f"{quote_plus(self._client_id)}:{quote_plus(self._client_secret)}"
            headers["authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
        else:
            fields["client_id"] = self._client_id
            if self._client_secret:
                fields["client_secret"] = self._client_secret
        endpoint = _https(metadata, "token_endpoint")
        return await self._json("POST", endpoint, headers=headers, data=fields)

    async def _claims(
        self, metadata: Mapping[str, Any], token: str, login: Login
    ) -> dict[str, Any]:
        """The claims of a verified ID token (OpenID Connect Core, 3.1.3.7)."""
        keys: Any = await self._json("GET", _https(metadata, "jwks_uri"))
        try:
            # Keys are asked for each time: a sign-in is rare, and they may have been rotated.
            claims = jwt.decode(token, KeySet.import_key_set(keys), list(ALGORITHMS)).claims
            self._registry(login).validate(claims)
        except (JoseError, InvalidKeyIdError, ValueError, TypeError, KeyError) as error:
            raise NotSignedIn(OIDC_TOKEN_INVALID(why=str(error))) from None
        audience = claims["aud"]
        parties = audience if isinstance(audience, list) else [audience]
        if (len(parties) > 1 or "azp" in claims) and claims.get("azp") != self._client_id:
            raise NotSignedIn(OIDC_OTHER_CLIENT())
        return dict(claims)

    def _registry(self, login: Login) -> jwt.JWTClaimsRegistry:
        return jwt.JWTClaimsRegistry(
            now=clock.now() // SECOND,
            leeway=LEEWAY_S,
            iss={"essential": True, "value": self._issuer},
            aud={"essential": True, "value": self._client_id},
            nonce={"essential": True, "value": login.nonce},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
        )

    async def _more(
        self, metadata: Mapping[str, Any], token: str, claims: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        """The rest of the claims, from where some providers keep them (Core, 5.3.2)."""
        if "userinfo_endpoint" not in metadata or not token:
            return {}
        endpoint = _https(metadata, "userinfo_endpoint")
        found = await self._json("GET", endpoint, headers={"authorization": f"Bearer {token}"})
        if found.get("sub") != claims["sub"]:
            raise NotSignedIn(OIDC_OTHER_USER())
        return {name: found[name] for name in ("email", "email_verified") if name in found}

    async def _json(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        data: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        request = httpx.Request(method, url, headers={**UNCOMPRESSED, **(headers or {})}, data=data)
        try:
            async with waiting_for_peer():
                status, body = await self._send(request)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, OSError) as error:
            raise Unavailable(OIDC_UNREACHABLE(), internal=str(error)) from None
        if method == "POST" and status in (400, 401):
            raise NotSignedIn(OIDC_REFUSED(why=_reason(body)))
        if status != 200 or not (found := _object(body)):
            raise Unavailable(OIDC_ANSWERED(status=status))
        return found

    async def _send(self, request: httpx.Request) -> tuple[int, bytes]:
        async with (
            asyncio.timeout(TIMEOUT_S),
            httpx.AsyncClient(verify=self._tls(), trust_env=False, timeout=TIMEOUT_S) as client,
        ):
            response = await client.send(request, stream=True)
            return response.status_code, await _read(response)


async def _read(response: httpx.Response) -> bytes:
    body = b""
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > ANSWER_BYTES_MAX:
            raise Unavailable(OIDC_ANSWER_TOO_LONG(most=ANSWER_BYTES_MAX))
    return body


def _challenge(verifier: str) -> str:
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _https(metadata: Mapping[str, Any], name: str) -> str:
    url = metadata.get(name)
    if not isinstance(url, str) or not url.startswith("https://"):
        raise Unavailable(OIDC_NO_ENDPOINT(name=name))
    return url


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _reason(body: bytes) -> Message:
    error = _object(body).get("error")
    return plain(str(error)[:100]) if error else UNKNOWN_REASON()
