"""Several workers on one store: each sends its part, and what one leaves the others take."""

import pytest

from reseller_webhooks.clock import SECOND
from reseller_webhooks.core.deliveries.partitions import assigned_to
from reseller_webhooks.core.webhooks.webhook import PARTS
from reseller_webhooks.operations import leases
from reseller_webhooks.operations.leases import Worker
from reseller_webhooks.store.cluster import leases as stored
from tests.engine.engine_fixture import Make, Running
from tests.receivers.authority import Authority
from tests.receivers.behaviours import answers
from tests.receivers.receiver import HOST, Receiver

WEBHOOKS = 24


@pytest.fixture
def running(make: Make) -> Running:
    return make()


@pytest.fixture
def receiver(authority: Authority) -> Receiver:
    return Receiver(answers(), tls=authority.serves(HOST))


def worker(name: str, ttl_s: float = 30.0) -> Worker:
    return Worker(name, "here", "1", ttl_s)


def owners(running: Running) -> dict[int, str]:
    with running.database.read() as tx:
        return stored.owners(tx)


def shared(running: Running) -> bool:
    """Whether both workers have what they want."""
    both = frozenset({"a", "b"})
    return owners(running) == {part: name for name in both for part in assigned_to(name, both)}


async def test_a_worker_that_comes_takes_over_its_share_and_nothing_is_sent_twice(
    running: Running, receiver: Receiver
) -> None:
    async with receiver, running.sending(worker("a")):
        for number in range(WEBHOOKS):
            running.webhook(receiver.url(f"/{number}"))
        before = running.tell("c1", "c2")
        async with running.sending(worker("b")):
            await running.until(lambda: shared(running))
            after = running.tell("c3", "c4")
            await running.closed(WEBHOOKS * 4)

    assert sorted(one.header("webhook-id") or "" for one in receiver.requests) == sorted(
        (before + after) * WEBHOOKS
    )


async def test_a_worker_that_leaves_is_replaced_long_before_its_leases_end(
    running: Running, receiver: Receiver
) -> None:
    async with receiver, running.sending(worker("a")):
        async with running.sending(worker("b")):
            await running.until(lambda: shared(running))
        await running.until(lambda: owners(running) == dict.fromkeys(range(PARTS), "a"))
        running.webhook(receiver.url())
        running.tell("c1")

        assert len(await receiver.received(1)) == 1


async def test_a_worker_that_died_is_replaced_when_its_leases_end(
    running: Running, receiver: Receiver
) -> None:
    died = leases.heartbeat(running.database, worker("dead", ttl_s=1.0))
    async with receiver, running.sending(worker("b", ttl_s=1.0)):
        assert owners(running) == dict.fromkeys(range(PARTS), "dead")
        running.webhook(receiver.url())
        running.tell("c1")
        (line,) = await running.closed(1)

    took_s = (running.details(line).attempts[0].at - died.now) / SECOND
    assert 1.0 <= took_s < 4.0


async def test_what_a_dead_worker_began_may_still_be_under_way_so_order_waits(
    running: Running, receiver: Receiver
) -> None:
    died = leases.heartbeat(running.database, worker("dead", ttl_s=1.0))
    async with receiver, running.sending(worker("b", ttl_s=1.0)):
        running.webhook(receiver.url(), ordered=True)
        running.tell("c1")
        (line,) = await running.closed(1)

    took_s = (running.details(line).attempts[0].at - died.now) / SECOND
    assert took_s >= 2.0
