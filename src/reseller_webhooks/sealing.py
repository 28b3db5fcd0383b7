"""The two formats of a sealed value, and the keys that open them. Pure: chance comes in.

v2.<key id>.<revision>.<data>   AES-256-GCM (NIST SP 800-38D) with a key by HKDF (RFC 5869); bound
                                to its table, row and purpose by associated data
gAAAA...                        Fernet, all that 0.1.0 knows; bound to nothing
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

FORMAT = 2
"""The newest format that this version opens; 1 is Fernet."""
PREFIX = f"v{FORMAT}"
NONCE_BYTES = 12
REVISION_CHARS = 16
_PARTS = 4
_KEY = re.compile(r"[A-Za-z0-9_+/-]{43}=")
_SEPARATOR = "\x1f"


class DoesNotOpen(Exception):
    """A sealed value does not open. is_altered: its key is known, so the value itself is wrong."""

    def __init__(self, *, is_altered: bool) -> None:
        self.is_altered = is_altered
        super().__init__("altered" if is_altered else "no key")


@dataclass(frozen=True, slots=True)
class Binding:
    """The place of a sealed value; it opens nowhere else. row: the row's uuid."""

    table: str
    row: str
    purpose: str

    def associated_data(self, key_id: str, revision: str) -> bytes:
        """The data that AES-GCM authenticates along with the value."""
        return _SEPARATOR.join(
            (PREFIX, key_id, revision, self.table, self.row, self.purpose)
        ).encode()


class SealingKey:
    """One of the secret keys. ValueError unless it is 32 bytes in URL-safe base64."""

    def __init__(self, text: str) -> None:
        if not _KEY.fullmatch(text):  # a decoder would stop at the first of two keys in one text
            raise ValueError
        self._fernet = Fernet(text)
        root = urlsafe_b64decode(text)
        self._aead = AESGCM(_derive(root, "sealed values"))
        self.id = _derive(root, "key id")[:4].hex()
        """The id of a key in sealed values and for operators; it reveals nothing about the key."""

    def seal(self, clear: str) -> str:
        """The value in the format of 0.1.0."""
        return self._fernet.encrypt(clear.encode()).decode()

    def seal_bound(self, clear: str, binding: Binding, *, revision: str, nonce: bytes) -> str:
        """The value, bound to its place. nonce: NONCE_BYTES random bytes."""
        data = binding.associated_data(self.id, revision)
        body = urlsafe_b64encode(nonce + self._aead.encrypt(nonce, clear.encode(), data)).decode()
        return f"{PREFIX}.{self.id}.{revision}.{body}"

    def open(self, sealed: str) -> str | None:
        """A value in the format of 0.1.0, or None when this key does not fit."""
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken:
            return None

    def open_bound(self, sealed: str, binding: Binding) -> str:
        """A bound value that names this key. DoesNotOpen when it was altered or moved."""
        _, key_id, revision, body = sealed.split(".")
        try:
            data = urlsafe_b64decode(body)
            aad = binding.associated_data(key_id, revision)
            return self._aead.decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], aad).decode()
        except (InvalidTag, ValueError):
            raise DoesNotOpen(is_altered=True) from None


def is_bound(sealed: str) -> bool:
    """True if the value is in the format that binds it to its place."""
    return sealed.startswith(PREFIX + ".") and sealed.count(".") == _PARTS - 1


def key_id_of(sealed: str) -> str:
    """The id of the key in a bound value."""
    return sealed.split(".")[1]


def revision_of(sealed: str) -> str:
    """The revision of a secret: sealing it anew keeps it, entering it anew changes it."""
    if is_bound(sealed):
        return sealed.split(".")[2]
    return sha256(sealed.encode()).hexdigest()[:REVISION_CHARS]


def _derive(root: bytes, purpose: str) -> bytes:
    info = f"reseller-webhooks {PREFIX} {purpose}".encode()
    return HKDF(SHA256(), length=32, salt=None, info=info).derive(root)
