"""Dead letters: messages that cannot be applied, kept in a stream with the reason."""

from typing import Self

import structlog
from nats.js.api import Header

from reseller_webhooks.core.errors import ResellerWebhooksError
from reseller_webhooks.nats.connection import NatsConnection
from reseller_webhooks.nats.consumer import StreamMessage, StreamSource
from reseller_webhooks.nats.streams import ensure_stream

REASON_MAX = 1000

log = structlog.get_logger()


class DeadLetter:
    """The stream `<stream>_REFUSED`, subjects `refused.<stream>.<the message's subject>`."""

    def __init__(self, link: NatsConnection, stream: str, body_max: int) -> None:
        self._link, self._of, self._body_max = link, stream, body_max

    @classmethod
    async def open(cls, link: NatsConnection, source: StreamSource) -> Self:
        """Made if it is not there yet, so that nothing lacks when it is needed."""
        room = await ensure_stream(link, f"{source.stream}_REFUSED", f"refused.{source.stream}.>")
        return cls(link, source.stream, room)

    async def keep(self, message: StreamMessage, error: ResellerWebhooksError) -> None:
        """Write it down, durably; a repeat of the same is dropped by NATS."""
        name = f"{self._of}_REFUSED"
        log.warning(
            "a message was refused",
            subject=message.subject,
            sequence=message.sequence,
            reason=str(error),
            kept_in=name,
        )
        headers = {
            Header.MSG_ID.value: f"{message.sequence}:{message.stored_at}",
            "Refused-Reason": str(error)[:REASON_MAX],
            "Refused-Code": error.message.code.name,
            "Refused-Subject": message.subject,
            "Refused-Sequence": str(message.sequence),
        }
        if message.id:
            headers["Refused-Msg-Id"] = message.id
        if len(message.body) > self._body_max:
            headers["Refused-Bytes"] = str(len(message.body))
        kept = self._link.js.publish(
            f"refused.{self._of}.{message.subject}",
            message.body[: self._body_max],
            stream=name,
            headers=headers,
        )
        await self._link.answer(kept)
