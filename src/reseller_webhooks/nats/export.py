"""Exports events from the store to a JetStream stream, in sequence and without gaps.

Each is published only if the stream still ends where we think it does. So what is lost on the way
takes everything after it along, two exporters cannot mix, and the stream's last message says
where to go on.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Concatenate, ParamSpec, TypeVar

import orjson
import structlog
from nats.js.api import Header
from nats.js.errors import APIError

from reseller_webhooks.core.errors import Unavailable
from reseller_webhooks.nats.connection import NatsConnection, wait_for_first
from reseller_webhooks.nats.cursor import NUMBER, Cursor, CursorStore
from reseller_webhooks.nats.streams import ensure_stream
from reseller_webhooks.operations import exports
from reseller_webhooks.store.db.database import Database
from reseller_webhooks.store.records.exports import Numbered

P = ParamSpec("P")
T = TypeVar("T")

PAGE = 200
"""Events under way to NATS at once."""
ACKS_S = 10.0
LOOK_S = 0.5
"""Seconds between polls of the store without a notification."""
WRITERS_S = 0.02
ENDS_ELSEWHERE = {10071, 10164}
"""Error code of NATS when the stream does not end where it was expected: wrong last sequence."""

STORE_AWAY = "the store is away; events wait"
STANDS_BY = "another export is at work on this stream; this one stands by"

log = structlog.get_logger()


class Export:
    """Publishes events until `stop`. woken: set when there may be new ones."""

    def __init__(
        self,
        database: Database,
        stream: str,
        subject: str,
        *,
        keep_s: float,
        stop: asyncio.Event,
        woken: asyncio.Event,
    ) -> None:
        self._database, self._stream, self._subject = database, stream, subject
        self._keep_s, self._stop, self._woken = keep_s, stop, woken
        self._at = Cursor(0, 0)
        self._floor = 0
        self._room = 0
        self._told: set[str] = set()

    async def session(self, link: NatsConnection) -> None:
        """Work over one connection. Raises one of AWAY when it is lost."""
        subject = f"{self._subject}.>"
        self._room = await ensure_stream(link, self._stream, subject, max_age_s=self._keep_s)
        positions = await CursorStore.load(link, self._stream)
        self._floor = await self._ask(exports.floor)
        self._at = await positions.resume_after(self._holds)
        link.works()
        log.info("events are published", stream=self._stream, after=self._at.number)
        while not self._stop.is_set() and not link.lost.is_set():
            self._woken.clear()
            if await self._turn(link, positions):
                await wait_for_first(self._woken, LOOK_S)

    async def _turn(self, link: NatsConnection, positions: CursorStore) -> bool:
        """Publish what there is. Whether it is time for a pause then."""
        try:
            await self._publish_all(link, positions)
            self._told.discard(STORE_AWAY)
        except Unavailable as error:
            self._tell(STORE_AWAY, why=str(error))
        except APIError as error:
            if error.err_code not in ENDS_ELSEWHERE:
                raise
            before, self._at = self._at, await positions.resume_after(self._holds)
            if self._at.sequence == before.sequence:  # it had some of these before
                return False
            self._tell(STANDS_BY)
        return True

    def _tell(self, line: str, **facts: str) -> None:
        if line not in self._told:  # once, and not twice a second for hours
            log.warning(line, **facts)
        self._told.add(line)

    async def _publish_all(self, link: NatsConnection, positions: CursorStore) -> None:
        upto = await self._settled()
        if upto is None:
            return
        floor = await self._ask(exports.floor)  # after upto, which may be of the new generation
        if floor != self._floor or upto < self._at.number:
            self._floor, found = floor, await positions.resume_after(self._holds)
            self._at = found if found.number <= upto else Cursor(0, found.sequence)
            log.warning("the store went back in time, as does the export", after=self._at.number)
        while self._at.number < upto and not self._stop.is_set():
            page = await self._ask(exports.between, self._at.number, upto, limit=PAGE)
            if page:
                await self._publish(link, positions, page)
            else:  # backfills have made what is left
                self._at = Cursor(upto, self._at.sequence)

    async def _settled(self) -> int | None:
        """A number up to which no event can still appear; None when it is time to stop."""
        upto = await self._ask(exports.newest)
        writing = await self._ask(exports.writers)
        while writing and not self._stop.is_set():
            await asyncio.sleep(WRITERS_S)
            writing &= await self._ask(exports.writers)
        return None if writing else upto

    async def _publish(
        self, link: NatsConnection, positions: CursorStore, page: Sequence[Numbered]
    ) -> None:
        """Publish events one right after the other, and note how many of them were taken."""
        asked = [
            link.js.publish(
                f"{self._subject}.{event.reseller}.{event.resource}.{event.action}",
                _body(event, self._room),
                ACKS_S,
                self._stream,
                _headers(event, after=self._at.sequence + ahead),
            )
            for ahead, event in enumerate(page)
        ]
        acks = await link.answer(asyncio.gather(*asked, return_exceptions=True))
        try:
            for event, ack in zip(page, acks, strict=True):
                if isinstance(ack, BaseException):
                    raise ack
                self._at = Cursor(event.number, self._at.sequence if ack.duplicate else ack.seq)
            self._told.discard(STANDS_BY)
        finally:
            await positions.note(self._at)

    async def _holds(self, number: int, uuid: str) -> bool:
        return await self._ask(exports.holds, number, uuid)

    async def _ask(
        self, question: Callable[Concatenate[Database, P], T], *args: P.args, **named: P.kwargs
    ) -> T:
        return await asyncio.to_thread(question, self._database, *args, **named)


def _headers(event: Numbered, *, after: int) -> dict[str, Any]:
    """after: the sequence at which the stream must end for the event to be taken."""
    return {
        Header.MSG_ID.value: event.uuid,
        Header.EXPECTED_LAST_SEQUENCE.value: str(after),
        NUMBER: str(event.number),
    }


def _body(event: Numbered, bytes_max: int) -> bytes:
    """The notification; without its content when NATS does not take so much."""
    body = event.body.encode()
    if len(body) <= bytes_max:
        return body
    log.warning(
        "an event is too large for NATS and goes without its content; "
        "GET /api/v1/events/{id} has it",
        id=event.uuid,
        bytes=len(body),
    )
    told = orjson.loads(body)
    told["resource"].pop("content", None)
    return orjson.dumps(told)
