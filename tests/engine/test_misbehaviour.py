"""Every kind of bad receiver at once: nobody else waits, and each shows its reason in the log."""

import socket
from collections.abc import Sequence
from contextlib import AsyncExitStack

from reseller_webhooks.core.deliveries.delivery import State
from tests.engine.engine_fixture import Make
from tests.receivers.authority import Authority
from tests.receivers.behaviours import answers, closes_unanswered, hangs, streams_without_end
from tests.receivers.receiver import HOST, LOOPBACK, Receiver

INSIDE = "inside.test"
METADATA = "metadata.test"
ADDRESSES = {INSIDE: "10.0.0.7", METADATA: "169.254.169.254"}
EVENTS = 50


async def names(host: str) -> Sequence[str]:
    return [ADDRESSES.get(host, LOOPBACK)]


async def test_bad_receivers_delay_nobody_and_each_shows_its_reason(
    make: Make, authority: Authority
) -> None:
    running = make(resolve=names, timeout_s=2.0, waits_s=(0.05,))
    usual = authority.serves(HOST)
    async with AsyncExitStack() as stack:
        good = await stack.enter_async_context(Receiver(answers(), tls=usual))
        bad = {
            "TIMEOUT": Receiver(hangs, tls=usual),
            "REDIRECT": Receiver(answers(302, location="https://elsewhere.test/"), tls=usual),
            "STATUS": Receiver(answers(500), tls=usual),
            "CLOSED": Receiver(closes_unanswered, tls=usual),
            "TLS": Receiver(answers(), tls=authority.expired(HOST)),
        }
        for receiver in bad.values():
            await stack.enter_async_context(receiver)
        endless = await stack.enter_async_context(Receiver(streams_without_end, tls=usual))
        urls = {reason: receiver.url() for reason, receiver in bad.items()}
        urls |= {"FORBIDDEN_ADDRESS": f"https://{METADATA}/latest", "CONNECT": _nobody()}
        rows = {reason: running.webhook(url) for reason, url in urls.items()}
        running.webhook(f"https://{INSIDE}/")
        kind = running.webhook(good.url())
        ending = running.webhook(endless.url())
        async with running.sending():
            running.tell("c1")
            await running.closed(len(rows) + 3)
            running.tell(*(f"c{n}" for n in range(2, EVENTS + 2)))
            await good.received(EVENTS + 1)
        lines = running.lines(State.FAILED)
        delivered = {line.webhook_id for line in running.lines(State.DELIVERED)}

    reasons = {line.webhook_id: line.last_reason for line in lines if line.resource_uuid == "c1"}
    assert {reason: reasons[row.id] for reason, row in rows.items()} == {r: r for r in rows}
    assert all(line.last_message for line in lines)
    # An endless body after a 2xx: the receiver has confirmed, the rest is not read.
    assert delivered == {kind.id, ending.id}


def _nobody() -> str:
    """A port at which nobody listens."""
    with socket.socket() as one:
        one.bind((LOOPBACK, 0))
        return f"https://{HOST}:{one.getsockname()[1]}/"
