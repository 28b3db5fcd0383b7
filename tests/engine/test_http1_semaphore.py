import asyncio

from reseller_webhooks.engine.sending.http1.semaphore import FastSemaphore


async def test_so_many_turns_are_free() -> None:
    turns = FastSemaphore(2)

    assert [turns.try_acquire() for _ in range(3)] == [True, True, False]


async def test_a_turn_that_is_given_back_goes_to_the_first_in_line() -> None:
    turns = FastSemaphore(1)
    turns.try_acquire()
    first, second = (asyncio.create_task(turns.acquire()) for _ in "ab")
    await asyncio.wait([first, second], timeout=0)
    turns.release()
    await first

    assert (turns.try_acquire(), second.done()) == (False, False)
    turns.release()
    await second


async def test_one_that_gives_up_as_its_turn_comes_hands_it_on() -> None:
    turns = FastSemaphore(1)
    turns.try_acquire()
    hasty = asyncio.create_task(turns.acquire())
    await asyncio.wait([hasty], timeout=0)
    turns.release()
    hasty.cancel()
    await asyncio.wait([hasty])

    assert turns.try_acquire()
