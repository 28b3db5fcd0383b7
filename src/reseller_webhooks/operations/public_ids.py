"""Public ids: the store's numbers, encrypted, so that ids reveal no counts.

A block of AES holds a number and a tag of what it is for; a text that does not decrypt to the tag
is no id of ours. Texts of before, which show their numbers, are read as well. The key is the
store's own: ids outlive a replaced secret key, and whoever has the store has the numbers anyway.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from functools import cached_property
from hashlib import sha256

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

from reseller_webhooks.core.enums import DELIVERY, NUMBER_MAX, delivery_number
from reseller_webhooks.core.errors import NotFound
from reseller_webhooks.store.db import public_id_key
from reseller_webhooks.store.db.database import Database

NUMBER_BYTES = TAG_BYTES = 8
BLOCK_BYTES = NUMBER_BYTES + TAG_BYTES


class PublicIds:
    """Encrypts numbers of a store, and decrypts what comes back. Reads the store's key once."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def delivery(self, number: int) -> str:
        """A delivery's id as people and programs see it."""
        return DELIVERY + self.encrypt("delivery", number)

    def number_of_delivery(self, shown: str) -> int | None:
        """The store's number of a delivery, None when the text names none."""
        old = delivery_number(shown)
        if old is not None or not shown.startswith(DELIVERY):
            return old
        found = self.decrypt("delivery", shown.removeprefix(DELIVERY), 1)
        return found[0] if found else None

    def find_delivery(self, shown: str) -> int:
        """The store's number of a delivery. NotFound when the text names none."""
        number = self.number_of_delivery(shown)
        if number is None:
            raise NotFound("delivery", shown)
        return number

    def encrypt(self, purpose: str, *numbers: int) -> str:
        """Numbers as an opaque text; the same numbers give the same text."""
        blocks = b"".join(
            number.to_bytes(NUMBER_BYTES, "big") + _tag(purpose, place, len(numbers))
            for place, number in enumerate(numbers)
        )
        return urlsafe_b64encode(self._cipher.encryptor().update(blocks)).decode().rstrip("=")

    def decrypt(self, purpose: str, text: str, count: int) -> tuple[int, ...] | None:
        """The `count` numbers of an opaque text; None for a text that is not a valid id."""
        try:
            blocks = urlsafe_b64decode(text + "=" * (-len(text) % 4))
        except ValueError:
            return None
        if len(blocks) != count * BLOCK_BYTES:
            return None
        return _numbers(self._cipher.decryptor().update(blocks), purpose, count)

    @cached_property
    def _cipher(self) -> Cipher[ECB]:
        with self._database.read() as tx:
            key = public_id_key.get(tx)
        return Cipher(AES(key), ECB())  # noqa: S305 - each block is a permutation by itself


def _numbers(clear: bytes, purpose: str, count: int) -> tuple[int, ...] | None:
    numbers = []
    for place in range(count):
        block = clear[place * BLOCK_BYTES : (place + 1) * BLOCK_BYTES]
        number = int.from_bytes(block[:NUMBER_BYTES], "big")
        if block[NUMBER_BYTES:] != _tag(purpose, place, count) or number > NUMBER_MAX:
            return None
        numbers.append(number)
    return tuple(numbers)


def _tag(purpose: str, place: int, count: int) -> bytes:
    return sha256(f"{purpose} {place} {count}".encode()).digest()[:TAG_BYTES]
