"""Operators, accounts and users of NATS, as `nsc` makes them: nkeys and JWTs signed with them."""

import base64
import os
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SEED, OPERATOR, ACCOUNT, USER = 18 << 3, 14 << 3, 0, 20 << 3


class Identity:
    """A key with its name. kind: one of OPERATOR, ACCOUNT, USER."""

    def __init__(self, kind: int) -> None:
        seed = os.urandom(32)
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.name = _text(bytes([kind]) + self._key.public_key().public_bytes_raw())
        self.seed = _text(bytes([SEED | kind >> 5, (kind & 31) << 3]) + seed)

    def vouch(self, whom: "Identity", **claims: Any) -> str:
        """A JWT that says who that is."""
        head = {"typ": "JWT", "alg": "ed25519-nkey"}
        body = {"jti": "1", "iat": 1, "iss": self.name, "sub": whom.name, "name": "test"}
        told = b".".join(_part(orjson.dumps(one)) for one in (head, body | {"nats": claims}))
        return b".".join((told, _part(self._key.sign(told)))).decode()


def credentials(jwt: str, seed: str) -> str:
    """A credentials file."""
    return (
        f"-----BEGIN NATS USER JWT-----\n{jwt}\n------END NATS USER JWT------\n\n"
        "************************* IMPORTANT *************************\n"
        f"-----BEGIN USER NKEY SEED-----\n{seed}\n------END USER NKEY SEED------\n"
    )


def _part(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def _text(raw: bytes) -> str:
    checked = raw + _crc16(raw).to_bytes(2, "little")
    return base64.b32encode(checked).decode().rstrip("=")


def _crc16(raw: bytes) -> int:
    """CRC-16/XMODEM."""
    crc = 0
    for byte in raw:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
    return crc
