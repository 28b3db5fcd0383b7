"""Ingests changes from a JetStream stream; acknowledges them after their commit."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

import structlog

from reseller_webhooks.clock import monotonic_s
from reseller_webhooks.core.errors import Unavailable
from reseller_webhooks.nats.batch_apply import BatchApply, MessageResult
from reseller_webhooks.nats.connection import AWAY, NatsConnection, wait_for_first
from reseller_webhooks.nats.consumer import OUT_MAX, Consumer, StreamMessage, StreamSource
from reseller_webhooks.nats.dead_letter import DeadLetter

PAUSE_FIRST_S, PAUSE_LAST_S = 0.2, 5.0
"""Between tries while messages cannot be applied."""
HAND_MAX = 2 * OUT_MAX
"""Messages at once, where another program made the consumer and lets more of them out."""

log = structlog.get_logger()


class Ingest:
    """Takes changes in until `stop`. Messages in hand go to no other process meanwhile."""

    def __init__(self, applying: BatchApply, source: StreamSource, stop: asyncio.Event) -> None:
        self._applying, self._source, self._stop = applying, source, stop
        self._hand: dict[int, StreamMessage] = {}
        self._waits_since: float | None = None
        self._pause_s = PAUSE_FIRST_S

    async def session(self, link: NatsConnection) -> None:
        """Work over one connection. Raises one of AWAY when it is lost."""
        consumer = await Consumer.bound(link, self._source)
        refusals = await DeadLetter.open(link, self._source)
        link.works()
        await self._give_back(consumer)
        async with self._holding(consumer):
            while not self._stop.is_set():
                await self._turn(consumer, refusals)
        await self._give_back(consumer)

    async def _turn(self, consumer: Consumer, refusals: DeadLetter) -> None:
        if len(self._hand) < HAND_MAX:
            self._hand |= {one.sequence: one for one in await consumer.take()}
        if not self._hand:
            return
        results = await self._applied(await self._in_turn(consumer))
        await self._done(consumer, [one.message for one in results if one.refused is None])
        for one in results:
            if one.refused is not None:
                await refusals.keep(one.message, one.refused)
                await consumer.terminate(one.message)
                del self._hand[one.message.sequence]

    async def _in_turn(self, consumer: Consumer) -> list[StreamMessage]:
        """Messages that may be applied now. Older messages that other processes hold are
        awaited."""
        found = await consumer.in_turn(self._hand)
        if found:
            self._waits_since = None
        elif self._waits_since is None:
            self._waits_since = monotonic_s()
            log.info(
                "older messages were given out and not acknowledged; they come again",
                within_s=consumer.ack_wait_s,
            )
        elif monotonic_s() - self._waits_since > 2 * consumer.ack_wait_s:
            # Another process may be waiting for ours as we do for its.
            await self._give_back(consumer)
            self._waits_since = None
        return [self._hand[sequence] for sequence in found]

    async def _applied(self, messages: Sequence[StreamMessage]) -> list[MessageResult]:
        """Results of messages; none while they cannot be applied, and then after a pause."""
        if not messages:
            return []
        try:
            results = await asyncio.to_thread(self._applying.apply, messages)
        except Unavailable as error:
            if self._pause_s == PAUSE_FIRST_S:
                log.warning("messages wait", why=str(error))
        except Exception:
            log.exception("messages cannot be applied; they are tried again, with what comes")
        else:
            if self._pause_s != PAUSE_FIRST_S:
                log.info("messages are applied again")
            self._pause_s = PAUSE_FIRST_S
            return results
        await wait_for_first(self._stop, self._pause_s)
        self._pause_s = min(self._pause_s * 2, PAUSE_LAST_S)
        return []

    async def _done(self, consumer: Consumer, messages: Sequence[StreamMessage]) -> None:
        await consumer.acknowledge(messages)
        for message in messages:
            del self._hand[message.sequence]

    async def _give_back(self, consumer: Consumer) -> None:
        await consumer.give_back(self._hand.values())
        self._hand.clear()

    async def _hold(self, consumer: Consumer) -> None:
        try:
            await consumer.hold(list(self._hand.values()))
        except AWAY:
            raise
        except Exception:
            log.exception("messages in hand were not held; they are held again later")

    @asynccontextmanager
    async def _holding(self, consumer: Consumer) -> AsyncIterator[None]:
        async def hold() -> None:
            with suppress(*AWAY):  # the session finds that out by itself
                while True:
                    await asyncio.sleep(consumer.ack_wait_s / 3)
                    await self._hold(consumer)

        task = asyncio.create_task(hold())
        try:
            yield
        finally:
            task.cancel()
