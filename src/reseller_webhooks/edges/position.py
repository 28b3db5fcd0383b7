"""Where the export has come to: told by the stream itself, and noted for when it has forgotten.

A message carries its event's number, so the stream's last message says where to go on, and that
cannot disagree with what was published. But a stream may drop messages, because of their age or
because they were consumed; for that the position is noted in a key-value bucket too.
"""

from dataclasses import asdict, dataclass
from typing import Self

import orjson
from nats.js.api import StorageType
from nats.js.errors import BucketNotFoundError, KeyNotFoundError, NotFoundError
from nats.js.kv import KeyValue

from reseller_webhooks.core.errors import Refused
from reseller_webhooks.edges.link import Link

NUMBER = "Event-Number"
"""The header with the store's number of an event."""
BUCKET = "reseller_webhooks"


@dataclass(frozen=True, slots=True)
class Position:
    """number: of the last event that the stream holds. sequence: where the stream ends."""

    number: int
    sequence: int


class Positions:
    """The position of one stream."""

    def __init__(self, link: Link, stream: str, notes: KeyValue) -> None:
        self._link, self._stream, self._notes = link, stream, notes

    @classmethod
    async def opened(cls, link: Link, stream: str) -> Self:
        """With its bucket, which is made if it is not there yet."""
        try:
            notes = await link.js.key_value(BUCKET)
        except BucketNotFoundError:
            notes = await link.js.create_key_value(bucket=BUCKET, storage=StorageType.FILE)
        return cls(link, stream, notes)

    async def found(self) -> Position:
        """Where to go on. Refused when somebody else publishes to the stream."""
        end = (await self._link.js.stream_info(self._stream)).state.last_seq
        if not end:
            return Position(0, 0)
        try:
            last = await self._link.js.get_msg(self._stream, end)
        except NotFoundError:
            return Position((await self._noted()).number, end)
        number = str((last.headers or {}).get(NUMBER, ""))
        if not number.isdecimal():
            raise Refused(
                f"the last message of stream {self._stream} is none of ours; "
                "give the events a stream of their own with --stream"
            )
        return Position(int(number), end)

    async def note(self, position: Position) -> None:
        """Remember, after NATS has acknowledged everything up to there."""
        await self._link.answer(self._notes.put(self._key, orjson.dumps(asdict(position))))

    async def _noted(self) -> Position:
        try:
            entry = await self._notes.get(self._key)
        except KeyNotFoundError:
            return Position(0, 0)
        return Position(**orjson.loads(entry.value or b""))

    @property
    def _key(self) -> str:
        return f"export.{self._stream}"
