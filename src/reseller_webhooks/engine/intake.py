"""Takes changes in: requests that come at once share one transaction, and so one commit."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from reseller_webhooks.core.errors import ResellerWebhooksError, Unavailable
from reseller_webhooks.engine.tasks import Tasks
from reseller_webhooks.operations import changes
from reseller_webhooks.operations.changes import Answer, Request
from reseller_webhooks.store.database import Database

CHANGES_A_BATCH = 2_000
"""Changes in one shared transaction; more would make the first of them wait too long."""
WAITING_MAX = 20_000
"""Changes that may wait; whoever comes then is told to come again."""

Waiting = tuple[Request, asyncio.Future[Answer]]


class Intake:
    """The queue before the one writer."""

    def __init__(self, database: Database, public_url: str, committed: Callable[[], None]) -> None:
        self._database = database
        self._public_url = public_url
        self._committed = committed
        self._waiting: list[Waiting] = []
        self._count = 0
        self._more = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="intake")

    def start(self, tasks: Tasks) -> None:
        """Begin to take requests."""
        tasks.spawn("intake", self._run)

    async def stop(self) -> None:
        """Finish what waits."""
        while self._waiting:
            await asyncio.wait([future for _, future in self._waiting])
        self._thread.shutdown()

    async def submit(self, request: Request) -> Answer:
        """Apply a request; durable when this returns. Raises what the request breaks."""
        if self._count + len(request.changes) > WAITING_MAX:
            raise Unavailable("too many changes are waiting to be written")
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._count += len(request.changes)
        self._waiting.append((request, future))
        self._more.set()
        return await future

    async def _run(self) -> None:
        while True:
            await self._more.wait()
            batch = self._take()
            if batch:
                await self._apply(batch)
            if not self._waiting:
                self._more.clear()

    def _take(self) -> list[Waiting]:
        count = taken = 0
        for request, _ in self._waiting:
            if taken and count + len(request.changes) > CHANGES_A_BATCH:
                break
            count += len(request.changes)
            taken += 1
        batch, self._waiting = self._waiting[:taken], self._waiting[taken:]
        self._count -= count
        return [one for one in batch if not one[1].done()]  # whose caller has gone meanwhile

    async def _apply(self, batch: list[Waiting]) -> None:
        requests = [request for request, _ in batch]
        loop = asyncio.get_running_loop()
        try:
            answers = await loop.run_in_executor(
                self._thread,
                lambda: changes.apply(self._database, requests, public_url=self._public_url),
            )
        except Exception as error:
            for _, future in batch:
                _tell(future, error)
            return
        for (_, future), answer in zip(batch, answers, strict=True):
            _tell(future, answer)
        if changes.touched(answers):
            self._committed()


def _tell(future: asyncio.Future[Answer], answer: Answer | Exception) -> None:
    if future.done():  # the caller hung up
        return
    if isinstance(answer, ResellerWebhooksError | Exception):
        future.set_exception(answer)
    else:
        future.set_result(answer)
