"""Signatures, by which a receiver verifies the sender and the content of a notification.

Standard Webhooks 1.0, symmetric: https://github.com/standard-webhooks/standard-webhooks
"""

import base64
import binascii
from binascii import b2a_base64
from collections.abc import Sequence
from functools import lru_cache

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

from reseller_webhooks.core.rules import Rule, implements

SECRET_PREFIX = "whsec_"  # noqa: S105 - it marks secrets, it is none
KEY_BYTES = range(24, 64 + 1)
"""Lengths of a key that the standard allows."""
VERSION = "v1"
KEYS_CACHED = 16_384
"""Keys kept ready: a webhook has one or two, and each notification needs its own."""


def sign(secrets: Sequence[str], id: str, timestamp_s: int, body: bytes) -> str:  # noqa: A002
    """The value of `webhook-signature`: one signature per secret, separated by spaces.

    id: the value of `webhook-id`. timestamp_s: the value of `webhook-timestamp`, epoch seconds.
    Raises ValueError when a secret is not one that `new_secret` makes.
    """
    signed = f"{id}.{timestamp_s}.".encode() + body
    return " ".join(f"{VERSION},{_mac(_keyed(secret), signed)}" for secret in secrets)


def new_secret(random: bytes) -> str:
    """A signing secret made of 24 to 64 random bytes; ValueError for another number."""
    if len(random) not in KEY_BYTES:
        raise ValueError(f"a signing key of {len(random)} bytes; 24 to 64 are right")
    return SECRET_PREFIX + base64.b64encode(random).decode()


def _mac(keyed: HMAC, signed: bytes) -> str:
    mac = keyed.copy()
    mac.update(signed)
    return b2a_base64(mac.finalize(), newline=False).decode()


@lru_cache(maxsize=KEYS_CACHED)
@implements(Rule.VALID_KEYS)
def _keyed(secret: str) -> HMAC:
    if not secret.startswith(SECRET_PREFIX):
        raise ValueError(f"a signing secret that does not begin with {SECRET_PREFIX}")
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except binascii.Error:
        raise ValueError("a signing secret whose key is not base64") from None
    return HMAC(key, SHA256())
