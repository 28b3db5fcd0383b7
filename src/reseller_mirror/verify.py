"""Is it genuine? Checks the signature, the token or the bearer, before anything is read.

Signatures are Standard Webhooks v1 (https://github.com/standard-webhooks/standard-webhooks).
"""

import base64
import binascii
import hmac
import time
from collections.abc import Callable, Mapping

from reseller_mirror.notification import Notification, Rejected, read

TOLERANCE_S = 300
"""Largest age of a signed request, or distance in the future; older ones may be replays."""
SECRET_PREFIX = "whsec_"  # noqa: S105 - it marks secrets, it is none
TOKEN = "x-appdirect-webhook-token"  # noqa: S105 - the name of a header


class Verifier:
    """Accepts genuine notifications and rejects everything else with `Rejected`.

    secret: the webhook's signing secret; several while one is rotated. token: for the
    authentication Token. bearer: says whether an access token is one that you gave out, for
    OAuth2. Every proof that is configured is demanded.
    """

    def __init__(
        self,
        *,
        secret: str | list[str] | None = None,
        token: str | None = None,
        bearer: Callable[[str], bool] | None = None,
        tolerance_s: float = TOLERANCE_S,
    ) -> None:
        if secret is None and token is None and bearer is None:
            raise ValueError("give a secret, a token or a bearer check; else anybody could post")
        if token == "" or secret == []:
            raise ValueError("the token or the list of secrets is empty; then anybody could post")
        secrets = [secret] if isinstance(secret, str) else secret or []
        self._keys = [_key(one) for one in secrets]
        self._token = token
        self._bearer = bearer
        self._tolerance_s = tolerance_s

    def verify(
        self, headers: Mapping[str, str], body: bytes, *, now_s: float | None = None
    ) -> Notification:
        """The notification in a request; Rejected when anything about it is wrong.

        headers: as your framework has them, whatever the case of their names. body: the raw
        bytes, before any parsing. now_s: epoch seconds, for tests.
        """
        lower = {name.lower(): value for name, value in headers.items()}
        if self._keys:
            self._check_signature(lower, body, time.time() if now_s is None else now_s)
        if self._token is not None:
            given = lower.get(TOKEN, "")
            if not hmac.compare_digest(_bytes(given), _bytes(self._token)):
                raise Rejected("the token is wrong or missing", 401)
        if self._bearer is not None and not self._bearer(_bearer_of(lower)):
            raise Rejected("the access token is wrong or missing", 401)
        found = read(body)
        if self._keys and found.event != lower.get("webhook-id"):
            raise Rejected("webhook-id is not the event's")
        return found

    def _check_signature(self, headers: Mapping[str, str], body: bytes, now_s: float) -> None:
        name, at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
        if not (at.isascii() and at.isdigit() and len(at) <= 12):
            raise Rejected("webhook-timestamp is wrong or missing", 401)
        if abs(now_s - int(at)) > self._tolerance_s:
            raise Rejected("webhook-timestamp is too old or too far ahead", 401)
        signed = _bytes(f"{name}.{at}.") + body
        wanted = [hmac.digest(key, signed, "sha256") for key in self._keys]
        given = [_signature(one) for one in headers.get("webhook-signature", "").split(" ")]
        # Every pair is compared, so that the time taken says nothing.
        fits = [hmac.compare_digest(one, other) for one in wanted for other in given if other]
        if not any(fits):
            raise Rejected("the signature is wrong or missing", 401)


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("this is no signing secret; it begins with whsec_") from None
    if not key:  # anybody can sign with it
        raise ValueError("the signing secret is empty; it begins with whsec_ and goes on")
    return key


def _signature(text: str) -> bytes:
    version, _, encoded = text.partition(",")
    if version != "v1":
        return b""
    try:
        return base64.b64decode(_bytes(encoded), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _bearer_of(headers: Mapping[str, str]) -> str:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _bytes(text: str) -> bytes:
    # Header values may hold anything; what UTF-8 cannot carry must not become an error of ours.
    return text.encode("utf-8", "surrogatepass")
