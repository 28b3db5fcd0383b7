"""Writes what the engine has to hear of."""

from collections.abc import Callable
from typing import TypeVar

from starlette.concurrency import run_in_threadpool

from reseller_webhooks.operations.house import House

T = TypeVar("T")


async def write(house: House, operation: Callable[[], T]) -> T:
    """Run an operation on a thread, then tell the engine, which only the loop's thread may do."""
    done = await run_in_threadpool(operation)
    house.poke()
    return done
