import asyncio

from reseller_webhooks.engine.sending.http1.semaphore import FastSemaphore


async def test_so_many_turns_are_free() -> None:
    turns = FastSemaphore(2)

    assert [turns.take() for _ in range(3)] == [True, True, False]


async def test_a_turn_that_is_given_back_goes_to_the_first_in_line() -> None:
    turns = FastSemaphore(1)
    turns.take()
    first, second = (asyncio.create_task(turns.wait()) for _ in "ab")
    await asyncio.wait([first, second], timeout=0)
    turns.give_back()
    await first

    assert (turns.take(), second.done()) == (False, False)
    turns.give_back()
    await second


async def test_one_that_gives_up_as_its_turn_comes_hands_it_on() -> None:
    turns = FastSemaphore(1)
    turns.take()
    hasty = asyncio.create_task(turns.wait())
    await asyncio.wait([hasty], timeout=0)
    turns.give_back()
    hasty.cancel()
    await asyncio.wait([hasty])

    assert turns.take()
