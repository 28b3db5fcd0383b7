"""Export cursor: read from the stream, with a backup copy.

A message carries its event's number, so the stream's last message says where to go on, and that
cannot disagree with what was published. But a stream may drop messages, because of their age or
because they were consumed; for that the position is noted in a key-value bucket too.
"""

from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import Self

import orjson
from nats.js.api import Header, RawStreamMsg, StorageType
from nats.js.errors import BucketNotFoundError, KeyNotFoundError, NotFoundError
from nats.js.kv import KeyValue

from reseller_webhooks.core.errors import Refused
from reseller_webhooks.nats.connection import NatsConnection

NUMBER = "Event-Number"
"""The header with the store's number of an event."""
BUCKET = "reseller_webhooks"


Holds = Callable[[int, str], Awaitable[bool]]
"""True if the store still holds the event with this number and uuid."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """number: of the last event that the stream holds. sequence: where the stream ends."""

    number: int
    sequence: int


class CursorStore:
    """The position of one stream."""

    def __init__(self, link: NatsConnection, stream: str, notes: KeyValue) -> None:
        self._link, self._stream, self._notes = link, stream, notes

    @classmethod
    async def load(cls, link: NatsConnection, stream: str) -> Self:
        """With its bucket, which is made if it is not there yet."""
        try:
            notes = await link.js.key_value(BUCKET)
        except BucketNotFoundError:
            notes = await link.js.create_key_value(bucket=BUCKET, storage=StorageType.FILE)
        return cls(link, stream, notes)

    async def resume_after(self, holds: Holds) -> Cursor:
        """The event number to continue after: the last published one that the store still holds.

        A store that went back in time holds none of the last. Refused when somebody else publishes
        to the stream.
        """
        state = (await self._link.js.stream_info(self._stream)).state
        end = state.last_seq
        if not end:
            return Cursor(0, 0)
        try:
            last = await self._link.js.get_msg(self._stream, end)
        except NotFoundError:
            return Cursor((await self._noted()).number, end)
        if await holds(self._number(last), _event(last)):
            return Cursor(self._number(last), end)
        return Cursor(await self._last_held(state.first_seq, end, holds), end)

    async def _last_held(self, first: int, end: int, holds: Holds) -> int:
        """The number of an event that the store holds and whose successor it does not, or 0.

        Searches backwards from the end, whose event is not held, in growing steps, then between
        the last two. A missing message counts as an event that is not held, which at worst
        publishes events twice.
        """
        high, step, number = end, 1, 0
        while (low := high - step) >= first and not (number := await self._held(low, holds)):
            high, step = low, step * 2
        low = max(low, first - 1)
        while high - low > 1:
            middle = (low + high) // 2
            if found := await self._held(middle, holds):
                low, number = middle, found
            else:
                high = middle
        return number

    async def _held(self, sequence: int, holds: Holds) -> int:
        """The event's number if the store holds it; else 0."""
        try:
            message = await self._link.js.get_msg(self._stream, sequence)
        except NotFoundError:
            return 0
        number = self._number(message)
        return number if await holds(number, _event(message)) else 0

    def _number(self, message: RawStreamMsg) -> int:
        number = str((message.headers or {}).get(NUMBER, ""))
        if not number.isdecimal():
            raise Refused(
                f"the last message of stream {self._stream} was not published by this program; "
                "give the events a stream of their own with --stream"
            )
        return int(number)

    async def note(self, position: Cursor) -> None:
        """Remember, after NATS has acknowledged everything up to there."""
        await self._link.answer(self._notes.put(self._key, orjson.dumps(asdict(position))))

    async def _noted(self) -> Cursor:
        try:
            entry = await self._notes.get(self._key)
        except KeyNotFoundError:
            return Cursor(0, 0)
        return Cursor(**orjson.loads(entry.value or b""))

    @property
    def _key(self) -> str:
        return f"export.{self._stream}"


def _event(message: RawStreamMsg) -> str:
    return str((message.headers or {}).get(Header.MSG_ID.value, ""))
