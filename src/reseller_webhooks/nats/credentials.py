"""A NATS credentials file: the user's JWT, and the seed of the key that proves it.

nats-py would want another package for the one signature; `cryptography` is here anyway.
The file is read at every connection, so that it may be replaced while the program runs.
"""

import base64
import binascii
import re
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from reseller_webhooks.core.errors import Refused

_PART = re.compile(r"-{3,}[^\n]*-{3,}\s+([\w.=-]+)\s+-{3,}")
_SEED = slice(2, 34)
"""Bytes of a decoded seed: two name its kind, the last two are a checksum."""


class Credentials:
    """The content of a credentials file (docs.nats.io, "Credentials Files"). Refused for any
    other."""

    def __init__(self, file: Path) -> None:
        try:
            jwt, seed = _PART.findall(file.read_text())
            raw = base64.b32decode(seed + "=" * (-len(seed) % 8))
            self._key = Ed25519PrivateKey.from_private_bytes(raw[_SEED])
        except (OSError, ValueError, binascii.Error):
            raise Refused(
                f"{file} is no NATS credentials file; it must hold a user JWT and a seed, "
                "as `nsc generate creds` writes them"
            ) from None
        self._jwt: str = jwt

    def jwt(self) -> bytearray:
        """The user's token."""
        return bytearray(self._jwt.encode())

    def sign(self, nonce: str) -> bytes:
        """The proof that we are."""
        return base64.b64encode(self._key.sign(nonce.encode()))
