"""Group commit: concurrent change requests share one transaction.

A batch is bounded by changes and bytes here, and by deliveries in the transaction, which takes as
many requests as fit. If a batch fails for a reason that a single request may have caused, each
request is applied by itself, so that the others succeed.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from reseller_webhooks.core.errors import Cause, ResellerWebhooksError, Unavailable
from reseller_webhooks.core.messages.requests import CHANGES_NOT_IN_TIME
from reseller_webhooks.operations.changes import ChangeRequest, ChangesAnswer

CHANGES_A_BATCH = 2_000
"""Changes in one shared transaction; more would delay the first of them too long."""
BYTES_A_BATCH = 4 * 1024 * 1024
RETRY_AFTER_S = 10
"""Retry-After of a large request that timed out even alone."""
CAUSES_OF_ONE = frozenset({Cause.BUSY, Cause.COLLIDED})
"""Causes that a single request may have: the locks it needs, the time it takes."""

Waiting = tuple[ChangeRequest, asyncio.Future[ChangesAnswer]]
Answers = Sequence[ChangesAnswer | ResellerWebhooksError]


class ChangeBatcher:
    """A queue of requests in front of one writer thread.

    apply: applies as many of the first requests as fit, and returns their answers.
    """

    def __init__(self, name: str, apply: Callable[[Sequence[ChangeRequest]], Answers]) -> None:
        self._apply = apply
        self._waiting: list[Waiting] = []
        self._wake_event = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self.changes = 0
        """Changes in waiting requests."""

    async def submit(self, request: ChangeRequest) -> ChangesAnswer:
        """Apply a request; it is committed when this returns. Raises the request's error."""
        future: asyncio.Future[ChangesAnswer] = asyncio.get_running_loop().create_future()
        self._waiting.append((request, future))
        self.changes += len(request.changes)
        self._wake_event.set()
        return await future

    async def run(self) -> None:
        """Apply batches forever."""
        while True:
            await self._wake_event.wait()
            if batch := self._take():
                await self._write(batch)
            if not self._waiting:
                self._wake_event.clear()

    async def stop(self) -> None:
        """Finish the waiting requests, then stop."""
        while self._waiting:
            await asyncio.wait([future for _, future in self._waiting])
        self._thread.shutdown()

    def _take(self) -> list[Waiting]:
        taken = count_that_fits([request for request, _ in self._waiting])
        batch, self._waiting = self._waiting[:taken], self._waiting[taken:]
        self.changes -= _changes(batch)
        return [waiting for waiting in batch if not waiting[1].done()]  # done: the caller has gone

    async def _write(self, batch: list[Waiting]) -> None:
        try:
            count = await self._write_first(batch)
        except Exception as error:
            if len(batch) > 1 and may_be_one_request(error):
                await self._write_each(batch)
            else:
                _refuse(batch, error)
        else:
            rest = batch[count:]
            self._waiting[:0] = rest
            self.changes += _changes(rest)

    async def _write_each(self, batch: Sequence[Waiting]) -> None:
        for number, waiting in enumerate(batch):
            if waiting[1].done():  # the caller has gone
                continue
            try:
                await self._write_first([waiting])
            except Exception as error:
                if not may_be_one_request(error):
                    _refuse(batch[number:], error)
                    return
                _refuse([waiting], error)

    async def _write_first(self, batch: Sequence[Waiting]) -> int:
        """Apply as many of the first requests as fit in a transaction; returns the count."""
        requests = [request for request, _ in batch]
        loop = asyncio.get_running_loop()
        answers = await loop.run_in_executor(self._thread, self._apply, requests)
        for (_, future), answer in zip(batch, answers, strict=False):
            _resolve(future, answer)
        return len(answers)


def count_that_fits(requests: Sequence[ChangeRequest]) -> int:
    """The number of first requests that may share a transaction; at least 1 if there is any."""
    changes = size = 0
    for count, request in enumerate(requests):
        changes, size = changes + len(request.changes), size + request.size
        if count and (changes > CHANGES_A_BATCH or size > BYTES_A_BATCH):
            return count
    return len(requests)


def may_be_one_request(error: Exception) -> bool:
    """True if a batch may have failed because of one of its requests."""
    return not isinstance(error, Unavailable) or error.cause in CAUSES_OF_ONE


def _changes(batch: Sequence[Waiting]) -> int:
    return sum(len(request.changes) for request, _ in batch)


def _refuse(batch: Sequence[Waiting], error: Exception) -> None:
    for request, future in batch:
        _resolve(future, _error_alone(request, error) if len(batch) == 1 else error)


def _error_alone(request: ChangeRequest, error: Exception) -> Exception:
    """The error of a request that failed alone, perhaps because it is large."""
    is_late = isinstance(error, Unavailable) and error.cause is Cause.BUSY
    if not is_late or len(request.changes) == 1:
        return error
    message = CHANGES_NOT_IN_TIME(count=len(request.changes))
    return Unavailable(message, RETRY_AFTER_S, internal=str(error), cause=Cause.BUSY)


def _resolve(future: asyncio.Future[ChangesAnswer], answer: ChangesAnswer | Exception) -> None:
    if future.done():  # the caller hung up
        return
    if isinstance(answer, Exception):
        future.set_exception(answer)
    else:
        future.set_result(answer)
