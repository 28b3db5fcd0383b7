"""The HTTP server of one process: it runs the program's parts, and ends when one of them does."""

import asyncio
import socket
from types import FrameType

import structlog
import uvicorn

from reseller_webhooks.bootstrap.addresses import authority
from reseller_webhooks.bootstrap.ingress import bounds
from reseller_webhooks.bootstrap.last_resort import LoopWatch, end_within
from reseller_webhooks.bootstrap.program import Program
from reseller_webhooks.bootstrap.systemd import ServiceManager
from reseller_webhooks.settings import trusted_proxies

STOP_WITHIN_S = 5
"""Open connections, live views of the log for one, are cut after that."""
FAIL_WITHIN_S = 10.0
"""Seconds from the end of a part to the end of the process, whatever still runs."""
LEAVE_WITHIN_S = 28.0
"""From a signal to the end, which is less than supervisors wait before they kill."""

log = structlog.get_logger()


def url_of(listener: socket.socket) -> str:
    """The URL that a socket is reached at."""
    host, port = listener.getsockname()[:2]
    return f"http://{authority(host, port)}"


class Server(uvicorn.Server):
    """uvicorn around a program. failed: whether a part of it ended."""

    def __init__(self, program: Program, manager: ServiceManager) -> None:
        config = uvicorn.Config(
            program.asgi(),
            lifespan="off",  # the program is run here, so that its refusals are exceptions
            log_level="warning",
            access_log=False,
            server_header=False,
            forwarded_allow_ips=trusted_proxies(),
            timeout_graceful_shutdown=STOP_WITHIN_S,
            **bounds(program.context.settings),
        )
        super().__init__(config)
        self.failed = False
        self.program, self._manager = program, manager
        self._loop_watch = LoopWatch()
        program.failed = self.fail

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Run the program's parts and serve, until a signal or `fail`."""
        with self.capture_signals():
            async with self.program.running():
                await self._serve_beside(sockets)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept requests, and log where."""
        await super().startup(sockets)
        if self.started and sockets:
            log.info("ready to accept requests", url=url_of(sockets[0]))

    def fail(self, task: str) -> None:
        """A part ended: stop in good order as far as that goes, and end soon."""
        log.critical("a part of this process ended, so the process ends", part=task)
        self.failed = True
        self.should_exit = True
        end_within(FAIL_WITHIN_S, f"{task} ended, and the rest did not stop in time")

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """SIGTERM or SIGINT came."""
        if not self.should_exit:
            end_within(LEAVE_WITHIN_S, "it was asked to stop and did not stop in time")
        super().handle_exit(sig, frame)

    async def _serve_beside(self, sockets: list[socket.socket] | None) -> None:
        if self.should_exit:
            return
        self._loop_watch.start()
        reports = asyncio.create_task(self._manager.report(self.program.context.readiness))
        try:
            await self._serve(sockets)
        finally:
            self._manager.tell("STOPPING=1")
            reports.cancel()
            self._loop_watch.stop()
