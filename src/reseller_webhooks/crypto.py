"""The one source of randomness, and the protection of secrets: sealing, hashing, passwords."""

import hashlib
import os
import random
import secrets as stdlib_secrets
import tempfile
from base64 import b64decode, b64encode
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from hmac import compare_digest
from pathlib import Path
from uuid import uuid4

from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import InvalidHashError
from argon2.low_level import ARGON2_VERSION
from cryptography.fernet import Fernet

from reseller_webhooks.core.errors import Refused, SecretUnreadable
from reseller_webhooks.core.messages.webhooks import SECRET_ALTERED, SECRET_WITHOUT_KEY
from reseller_webhooks.sealing import (
    NONCE_BYTES,
    REVISION_CHARS,
    Binding,
    DoesNotOpen,
    SealingKey,
    is_bound,
    key_id_of,
)

KEY_PREFIX = "rwk_"
password_hasher = PasswordHasher()
"""argon2id at the costs of RFC 9106, 4 (second choice): 64 MiB, three passes."""


@dataclass(frozen=True, slots=True)
class Unsealed:
    """The content of a sealed value. key_id: of the key that opened it."""

    clear: str = field(repr=False)
    key_id: str


class Box:
    """Seals what must be stored but not read: the first key seals, every key opens."""

    def __init__(self, keys: list[str]) -> None:
        self._keys = [_sealing_key(text, place, keys) for place, text in enumerate(keys, 1)]
        self._by_id = {key.id: key for key in self._keys}

    @property
    def key_ids(self) -> tuple[str, ...]:
        """Of all keys, the first one first."""
        return tuple(key.id for key in self._keys)

    def seal(self, clear: str) -> str:
        """The sealed form that every version opens and that is bound to no place."""
        return self._keys[0].seal(clear)

    def seal_bound(self, clear: str, binding: Binding, *, revision: str = "") -> str:
        """The sealed form, which opens only in its place. revision: of the value, if it has one."""
        revision = revision or stdlib_secrets.token_hex(REVISION_CHARS // 2)
        nonce = random_bytes(NONCE_BYTES)
        return self._keys[0].seal_bound(clear, binding, revision=revision, nonce=nonce)

    def open(self, sealed: str, binding: Binding | None = None) -> str:
        """Open a sealed value. SecretUnreadable when it does not open."""
        return self.unseal(sealed, binding).clear

    def unseal(self, sealed: str, binding: Binding | None = None) -> Unsealed:
        """Open a sealed value, with the key's id. SecretUnreadable when it does not open."""
        if binding and is_bound(sealed):
            return self._unseal_bound(sealed, binding)
        for key in self._keys:
            if (clear := key.open(sealed)) is not None:
                return Unsealed(clear, key.id)
        raise SecretUnreadable(SECRET_WITHOUT_KEY())

    def _unseal_bound(self, sealed: str, binding: Binding) -> Unsealed:
        key = self._by_id.get(key_id_of(sealed))
        if key is None:
            raise SecretUnreadable(SECRET_WITHOUT_KEY())
        try:
            return Unsealed(key.open_bound(sealed, binding), key.id)
        except DoesNotOpen:
            raise SecretUnreadable(SECRET_ALTERED()) from None


def _sealing_key(text: str, place: int, keys: list[str]) -> SealingKey:
    try:
        return SealingKey(text)
    except ValueError:
        raise Refused(
            f"secret key {place} of {len(keys)} is not 32 bytes in URL-safe base64; make one with "
            "python -c 'from cryptography.fernet import Fernet; "
            "print(Fernet.generate_key().decode())'"
        ) from None


def box_of_new_key() -> Box:
    """A box with a new key that is stored nowhere, so that it opens no existing value."""
    return Box([Fernet.generate_key().decode()])


def keys_from_file(path: Path) -> list[str]:
    """The keys in a file, one to a line; the file is made with mode 0600 if it is missing."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_once(path, Fernet.generate_key().decode() + "\n")
    try:
        keys = path.read_text().replace(",", " ").split()
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"{path} with the secret keys cannot be read: {_reason(error)}") from None
    if not keys:
        raise Refused(f"{path} holds no key; put it back from a backup, or remove it if it is new")
    return keys


def _reason(error: OSError | UnicodeDecodeError) -> str:
    # Not a decoding error's own words: they quote the bytes.
    return error.strerror or "unknown" if isinstance(error, OSError) else "it is not text"


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
    """The stored form of a random token. Long random input needs no slow hash, only a one-way
    one."""
    return hashlib.sha256(token.encode()).hexdigest()


def digest(body: bytes) -> str:
    """A short name for a body, to tell the same from another."""
    return hashlib.blake2b(body, digest_size=16).hexdigest()


def hash_password(password: str, like: str | None = None) -> str:
    """The argon2id hash to store. like: a stored hash whose salt and costs to use again.

    The hashes of one e-mail address share a salt, so that one computation compares a password
    with all of them: how long it takes does not tell how many there are.
    """
    try:
        return (
            _hasher(like).hash(password, salt=_salt(like))
            if like
            else password_hasher.hash(password)
        )
    except (InvalidHashError, ValueError, IndexError):
        return password_hasher.hash(password)


def fitting_hashes(stored: Iterable[str], password: str) -> frozenset[str]:
    """Those that the password fits; takes as long when there is none to compare with."""
    known = {_salted(one): one for one in stored} or {"": decoy_hash()}
    computed = [hash_password(password, one) for one in known.values()]
    return frozenset(
        one for one in stored for found in computed if compare_digest(one.encode(), found.encode())
    )


def _hasher(like: str) -> PasswordHasher:
    return PasswordHasher.from_parameters(extract_parameters(like))


def _salt(like: str) -> bytes:
    text = like.split("$")[-2]
    return b64decode(text + "=" * (-len(text) % 4), validate=True)


def _salted(stored: str) -> str:
    return stored.rpartition("$")[0]


@cache
def decoy_hash() -> str:
    """A hash that no password has, with the parameters of real ones: it costs as much to verify."""
    own = password_hasher
    costs = f"m={own.memory_cost},t={own.time_cost},p={own.parallelism}"
    salt, digest = (
        b64encode(random_bytes(size)).rstrip(b"=").decode() for size in (own.salt_len, own.hash_len)
    )
    return f"$argon2id$v={ARGON2_VERSION}${costs}${salt}${digest}"
