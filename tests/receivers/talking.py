"""A sender and a receiver that talk to each other over TLS on loopback."""

import ssl
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Protocol

from reseller_webhooks.core.deliveries.attempts import Outgoing
from reseller_webhooks.core.deliveries.notification import USER_AGENT
from reseller_webhooks.core.webhooks.ip_policy import TargetNetworks
from reseller_webhooks.engine.sending.sender import Sender
from tests.receivers.authority import Authority
from tests.receivers.receiver import HOST, LOOPBACK, Behaviour, Receiver, everything_is_here

ALLOWED = TargetNetworks((ip_network("127.0.0.0/8"), ip_network("::1")))
SHORT_S = 0.5
"""A deadline for receivers that never come to an end; long enough for TLS on a busy machine."""
HEADERS = {
    "content-type": "application/json",
    "webhook-id": "429afed8-0000-4000-8000-127083b025c1",
    "x-appdirect-webhook-token": "s3cret",
    "user-agent": USER_AGENT,
}


def outgoing(url: str, body: bytes = b'{"a":1}') -> Outgoing:
    return Outgoing(url, HEADERS, body)


class Talking(Protocol):
    """Starts both. tls: the receiver's, None for plain TCP. options: the sender's."""

    def __call__(
        self,
        behaviour: Behaviour,
        *,
        tls: ssl.SSLContext | None = ...,
        address: str = ...,
        **options: Any,
    ) -> AbstractAsyncContextManager[tuple[Sender, Receiver]]: ...


def talking_with(authority: Authority, ca_file: Path) -> Talking:
    """Talks with a receiver whose certificate is good for loopback's usual names."""
    usual = authority.serves(HOST, LOOPBACK, "localhost", "::1")

    @asynccontextmanager
    async def start(
        behaviour: Behaviour,
        *,
        tls: ssl.SSLContext | None = usual,
        address: str = LOOPBACK,
        **options: Any,
    ) -> AsyncIterator[tuple[Sender, Receiver]]:
        given = {"ca_file": ca_file, "networks": ALLOWED, "resolve": everything_is_here}
        async with (
            Receiver(behaviour, tls=tls, address=address) as receiver,
            Sender(**{**given, **options}) as sender,
        ):
            yield sender, receiver

    return start
