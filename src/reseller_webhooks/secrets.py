"""The one place for randomness, and for keeping secrets: sealing, hashing, passwords."""

import hashlib
import os
import random
import secrets as stdlib_secrets
import tempfile
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from reseller_webhooks.core.errors import Refused

KEY_PREFIX = "rwk_"
_passwords = PasswordHasher()


class Box:
    """Seals what must be stored but not read: the first key encrypts, every key decrypts."""

    def __init__(self, keys: list[str]) -> None:
        try:
            self._fernet = MultiFernet([Fernet(key) for key in keys])
        except ValueError:
            raise Refused(
                "a secret key is not 32 bytes in URL-safe base64; make one with "
                "python -c 'from cryptography.fernet import Fernet; "
                "print(Fernet.generate_key().decode())'"
            ) from None

    def seal(self, clear: str) -> str:
        """The sealed form, for the store."""
        return self._fernet.encrypt(clear.encode()).decode()

    def open(self, sealed: str) -> str:
        """What was sealed. Refused when none of the keys fits."""
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken:
            raise Refused(
                "a stored secret opens with none of the keys in RESELLER_WEBHOOKS_SECRET_KEYS; "
                "put back the key that was taken out of the list"
            ) from None


def keys_from_file(path: Path) -> list[str]:
    """The keys in the file, one to a line; made with mode 0600 when there is none."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_once(path, Fernet.generate_key().decode() + "\n")
    keys = path.read_text().split()
    if not keys:
        raise Refused(f"{path} holds no key; put it back from a backup, or remove it if it is new")
    return keys


def _write_once(path: Path, text: str) -> None:
    """Of processes that start together one writes, and the others find a whole file."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)  # of mode 0600
    with os.fdopen(handle, "w") as file:
        file.write(text)
    with suppress(FileExistsError):
        os.link(name, path)
    os.unlink(name)


def new_id() -> str:
    """A fresh random id (UUID version 4) for a reseller, webhook, user or key."""
    return str(uuid4())


def new_token() -> str:
    """An unguessable token: 32 random bytes in URL-safe base64."""
    return stdlib_secrets.token_urlsafe(32)


def random_bytes(count: int) -> bytes:
    """Random bytes good enough for keys."""
    return stdlib_secrets.token_bytes(count)


def chance() -> float:
    """A number in [0, 1) for jitter; not for secrets."""
    return random.random()  # noqa: S311


def fingerprint(token: str) -> str:
    """How a random token is stored. Long random input needs no slow hash, only a one-way one."""
    return hashlib.sha256(token.encode()).hexdigest()


def digest(body: bytes) -> str:
    """A short name for a body, to tell the same from another."""
    return hashlib.blake2b(body, digest_size=16).hexdigest()


def hash_password(password: str) -> str:
    """The argon2id hash to store."""
    return _passwords.hash(password)


def password_fits(stored: str | None, password: str) -> bool:
    """Whether the password is the one; takes as long when there is none to compare with."""
    try:
        return _passwords.verify(stored or _DECOY, password) and stored is not None
    except (Argon2Error, InvalidHashError):
        return False


_DECOY = _passwords.hash("nobody has this password")
