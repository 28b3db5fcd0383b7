"""The durable consumer of changes: fetch, acknowledge, reject.

A message that was given out and not acknowledged comes again, to us or to another process, and
maybe after newer ones. So before a batch is applied we ask whether anything older is still out
in hands that are not ours, and if so wait for it.
"""

import asyncio
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import count, takewhile
from typing import Self

import nats
import structlog
from nats.aio.msg import Msg
from nats.errors import ConnectionClosedError
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, ConsumerInfo
from nats.js.errors import NotFoundError

from reseller_webhooks.core.errors import Refused
from reseller_webhooks.nats.connection import NatsConnection

FETCH = 200
"""Messages asked for at once."""
FETCH_S = 0.3
"""Seconds of a wait for messages in an empty stream; stopping takes as long."""
OUT_MAX = 500
"""Messages that may be out at once: enough for the next batch to be here already."""
ACK_WAIT_S = 10.0
"""After so long without a sign of life a message is given out again."""
ASKED_AGAIN, ASKED_AGAIN_S = 5, 0.01
"""Acknowledgements need a moment to be counted."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class StreamSource:
    """The source of changes. subject: only messages that match it, or None for all of the
    stream."""

    stream: str
    consumer: str
    subject: str | None = None


@dataclass(frozen=True, slots=True)
class StreamMessage:
    """One message of the stream. stored_at: in words of the server, the same each time it comes."""

    sequence: int
    stored_at: str
    subject: str
    reply: str
    id: str | None
    body: bytes


class Consumer:
    """The durable consumer, over one connection."""

    def __init__(
        self, link: NatsConnection, info: ConsumerInfo, pull: JetStreamContext.PullSubscription
    ) -> None:
        self._link, self._pull = link, pull
        self._names = info.stream_name, info.name
        self.ack_wait_s = min([info.config.ack_wait or ACK_WAIT_S, *(info.config.backoff or ())])

    @classmethod
    async def bound(cls, link: NatsConnection, source: StreamSource) -> Self:
        """The consumer as it is, or a new one from the stream's beginning. Refused: unfit."""
        info = await _found(link.js, source)
        _check(info, source)
        pull = await link.js.pull_subscribe_bind(source.consumer, source.stream)
        return cls(link, info, pull)

    async def take(self) -> list[StreamMessage]:
        """Fetch available messages; waits a little if the stream is empty."""
        try:
            return [_message(one) for one in await self._pull.fetch(FETCH, FETCH_S)]
        except TimeoutError:
            if self._link.lost.is_set():
                raise ConnectionClosedError from None
            return []

    async def in_turn(self, hand: Collection[int]) -> list[int]:
        """Of these sequences, those before which nothing is out in other hands, lowest first."""
        found: list[int] = []
        for _ in range(ASKED_AGAIN):
            info = await self._link.answer(self._link.js.consumer_info(*self._names))
            found = _in_turn(info, sorted(hand))
            if found:
                break
            await asyncio.sleep(ASKED_AGAIN_S)
        return found

    async def acknowledge(self, messages: Iterable[StreamMessage]) -> None:
        """They are in the store for good."""
        await self._tell(messages, Msg.Ack.Ack)

    async def terminate(self, message: StreamMessage) -> None:
        """It never is to come again."""
        await self._tell([message], Msg.Ack.Term)

    async def give_back(self, messages: Iterable[StreamMessage]) -> None:
        """They are to come again, at once."""
        await self._tell(messages, Msg.Ack.Nak)

    async def hold(self, messages: Iterable[StreamMessage]) -> None:
        """They are still worked on."""
        await self._tell(messages, Msg.Ack.Progress)

    async def _tell(self, messages: Iterable[StreamMessage], word: bytes) -> None:
        # By the reply's subject and not by the message, so that it may have come another way.
        for message in messages:
            await self._link.client.publish(message.reply, word)


async def _found(js: JetStreamContext, source: StreamSource) -> ConsumerInfo:
    try:
        await js.stream_info(source.stream)
    except NotFoundError:
        raise Refused(
            f"there is no stream {source.stream}; make it, or name another with --stream"
        ) from None
    try:
        info: ConsumerInfo = await js.consumer_info(source.stream, source.consumer)
    except NotFoundError:
        log.info("a new consumer begins with the stream", consumer=source.consumer)
        wanted = ConsumerConfig(
            durable_name=source.consumer,
            filter_subject=source.subject,
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=ACK_WAIT_S,
            max_ack_pending=OUT_MAX,
        )
        return await js.add_consumer(source.stream, wanted)
    return info


def _check(info: ConsumerInfo, source: StreamSource) -> None:
    """Refused for a consumer through which changes would be lost or come in another sequence."""
    config = info.config
    named = f"consumer {source.consumer} of stream {source.stream}"
    if config.deliver_subject or config.ack_policy != AckPolicy.EXPLICIT:
        raise Refused(f"{named} must be a pull consumer that acknowledges explicitly; name another")
    if (config.max_deliver or -1) > 0:
        raise Refused(f"{named} gives up after {config.max_deliver} times; let it have no limit")
    if source.subject and source.subject != config.filter_subject:
        raise Refused(
            f"{named} is for subject {config.filter_subject or '>'}, not {source.subject}; "
            "name another with --consumer"
        )


def _in_turn(info: ConsumerInfo, hand: list[int]) -> list[int]:
    floor = info.ack_floor.stream_seq if info.ack_floor else 0
    past = [sequence for sequence in hand if sequence <= floor]  # acknowledged, and come again
    if (info.num_ack_pending or 0) <= len(hand) - len(past):
        return hand  # nobody else has any
    return past + list(takewhile(set(hand).__contains__, count(floor + 1)))


def _message(one: Msg) -> StreamMessage:
    told = one.metadata
    return StreamMessage(
        sequence=told.sequence.stream,
        stored_at=told.timestamp.isoformat(),
        subject=one.subject,
        reply=one.reply,
        id=(one.headers or {}).get(nats.js.api.Header.MSG_ID.value) or None,
        body=one.data,
    )
