"""Places are given in round-robin by network, and none is lost."""

import asyncio

import pytest

from reseller_ingress import FairQueue, QueueTimeout

SOON_S = 0.01


class Guests:
    """Requests that hold their place until they are told to leave."""

    def __init__(self, queue: FairQueue) -> None:
        self.queue = queue
        self.entered: list[str] = []

    async def come(self, *names: str) -> list[asyncio.Task[None]]:
        """One request for each name, whose first letter is its network."""
        tasks = [asyncio.create_task(self._enter(name)) for name in names]
        await self.settle()
        return tasks

    async def leave(self, name: str) -> None:
        self.queue.leave(name[0])
        await self.settle()

    async def settle(self) -> None:
        for _ in range(3):
            await asyncio.sleep(0)

    async def _enter(self, name: str) -> None:
        await self.queue.enter(name[0])
        self.entered.append(name)


async def test_networks_take_turns_however_many_wait_in_one() -> None:
    guests = Guests(FairQueue(in_all=1, per_network=1))
    await guests.come("a1", "a2", "a3", "a4", "b1", "c1")

    for name in ("a1", "a2", "b1", "c1", "a3"):
        await guests.leave(name)

    assert guests.entered == ["a1", "a2", "b1", "c1", "a3", "a4"]


async def test_a_network_has_its_share_and_leaves_the_rest() -> None:
    guests = Guests(FairQueue(in_all=3, per_network=2))

    await guests.come("a1", "a2", "a3", "b1", "c1")
    assert guests.entered == ["a1", "a2", "b1"]

    await guests.leave("b1")
    assert guests.entered == ["a1", "a2", "b1", "c1"]


async def test_who_goes_away_while_waiting_takes_no_place() -> None:
    guests = Guests(FairQueue(in_all=1, per_network=1))
    _, waiting, _ = await guests.come("a1", "a2", "a3")

    waiting.cancel()
    await guests.leave("a1")

    assert guests.entered == ["a1", "a3"]


async def test_who_goes_away_just_as_its_turn_comes_passes_it_on() -> None:
    guests = Guests(FairQueue(in_all=1, per_network=1))
    _, waiting, _ = await guests.come("a1", "a2", "a3")

    guests.queue.leave("a")
    waiting.cancel()
    await guests.settle()

    assert guests.entered == ["a1", "a3"]


async def test_whoever_need_not_queue_is_served_first_but_not_for_long() -> None:
    guests = Guests(FairQueue(in_all=2, per_network=2))
    with guests.queue.preferred():
        await guests.come("a1", "a2")
        assert guests.entered == []
    await guests.settle()
    assert guests.entered == ["a1", "a2"]

    with guests.queue.preferred():
        (waiting,) = await guests.come("b1")
        await guests.leave("a1")
        assert guests.entered == ["a1", "a2"]
        async with asyncio.timeout(20):
            await waiting
    assert guests.entered == ["a1", "a2", "b1"]


@pytest.mark.parametrize(("per_network", "of_network"), [(1, True), (2, False)])
async def test_whoever_waits_too_long_hears_for_whom(per_network: int, *, of_network: bool) -> None:
    queue = FairQueue(in_all=1, per_network=per_network)
    await queue.enter("a")

    with pytest.raises(QueueTimeout) as refused:
        await queue.enter("a", SOON_S)

    assert refused.value.of_network is of_network
    queue.leave("a")
    await queue.enter("a", SOON_S)
