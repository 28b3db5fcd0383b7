"""Messages that cannot be applied: kept in a stream of their own, with the reason."""

from typing import Self

import structlog
from nats.js.api import Header

from reseller_webhooks.edges.consumer import Message, Source
from reseller_webhooks.edges.link import Link
from reseller_webhooks.edges.streams import HEADROOM_BYTES, made

REASON_MAX = 1000

log = structlog.get_logger()


class Refusals:
    """The stream `<stream>_REFUSED`, subjects `refused.<stream>.<the message's subject>`."""

    def __init__(self, link: Link, source: Source) -> None:
        self._link, self._of = link, source.stream
        self._body_max = link.client.max_payload - HEADROOM_BYTES

    @classmethod
    async def opened(cls, link: Link, source: Source) -> Self:
        """Made if it is not there yet, so that nothing lacks when it is needed."""
        one = cls(link, source)
        await made(link.js, one.name, f"refused.{source.stream}.>")
        return one

    @property
    def name(self) -> str:
        """Of the stream."""
        return f"{self._of}_REFUSED"

    async def keep(self, message: Message, reason: str) -> None:
        """Write it down, durably; a repeat of the same is dropped by NATS."""
        log.warning(
            "a message was refused",
            subject=message.subject,
            sequence=message.sequence,
            reason=reason,
            kept_in=self.name,
        )
        headers = {
            Header.MSG_ID.value: f"{message.sequence}:{message.stored_at}",
            "Refused-Reason": reason[:REASON_MAX],
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
            stream=self.name,
            headers=headers,
        )
        await self._link.answer(kept)
