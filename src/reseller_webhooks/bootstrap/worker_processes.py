"""Worker processes of one machine; one that ends is started again.

One Python process uses one core. The workers divide the partitions as they would on many machines.
"""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import Self

import structlog

from reseller_webhooks.core.health.conditions import Condition, ConditionCode, Severity
from reseller_webhooks.settings import PREFIX
from reseller_webhooks.supervision import Tasks

METRICS_PORT = PREFIX + "METRICS_PORT"
AGAIN_S = 1.0
"""Between the end of a worker and its next start, so that one that cannot start does no harm."""
LEAVE_S = 30.0
"""A worker lets its requests end and writes their results; then it is killed."""

log = structlog.get_logger()


class WorkerProcesses:
    """A number of workers beside the process that opens them, restarted when one ends.

    port: of the process beside; workers answer /metrics on those that follow, or on any if 0.
    metrics_port: the same for METRICS_PORT; 0 for none.
    """

    def __init__(self, count: int, host: str, port: int, metrics_port: int = 0) -> None:
        self._host = host
        self._metrics_port = metrics_port
        self._ports = [port and port + n for n in range(1, count + 1)]
        self._running: dict[int, Process] = {}
        self._tasks = Tasks()

    def conditions(self) -> Iterator[Condition]:
        """A condition if workers are missing."""
        yield from self._tasks.conditions()
        if missing := len(self._ports) - len(self._running):
            params = {"count": missing, "total": len(self._ports)}
            yield Condition(ConditionCode.WORKER_PROCESSES_MISSING, Severity.DEGRADED, params)

    async def __aenter__(self) -> Self:
        for number, port in enumerate(self._ports, start=1):
            self._running[number] = await self._start(number, port)
            self._tasks.spawn(f"worker process {number}", partial(self._keep, number, port))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._tasks.stop()
        await asyncio.gather(*map(_leave, self._running.values()))

    async def _start(self, number: int, port: int) -> Process:
        words = ("serve", "--role", "worker", "--host", self._host, "--port", str(port), "--tied")
        program = (sys.executable, "-m", "reseller_webhooks", *words)
        own = {METRICS_PORT: str(self._metrics_port + number)} if self._metrics_port else {}
        return await asyncio.create_subprocess_exec(*program, stdin=PIPE, env=os.environ | own)

    async def _keep(self, number: int, port: int) -> None:
        while True:
            if number not in self._running:
                await asyncio.sleep(AGAIN_S)
                self._running[number] = await self._start(number, port)
            code = await self._running[number].wait()
            del self._running[number]
            log.error("a worker ended; it is started again", worker=number, code=code)


async def _leave(worker: Process) -> None:
    with suppress(ProcessLookupError):
        worker.terminate()
    try:
        async with asyncio.timeout(LEAVE_S):
            await worker.wait()
    except TimeoutError:
        log.warning("a worker did not end in time and is killed", pid=worker.pid)
        worker.kill()
        await worker.wait()
