"""Ends a process that hangs at shutdown, so that a supervisor can start another."""

import asyncio
import faulthandler
import os
import sys
from threading import Event, Thread, Timer

import structlog

FAILED = 70
"""The exit code of a process that lost a part of itself (EX_SOFTWARE of sysexits.h)."""
CHECK_S = 1.0
STUCK_CHECKS = 45
"""Seconds in which the event loop did not turn once, though this process ran."""

log = structlog.get_logger()


def end_within(seconds: float, reason: str) -> None:
    """End this process after that time, unless it has ended before."""
    timer = Timer(seconds, end, args=(reason,))
    timer.daemon = True
    timer.start()


def end(reason: str) -> None:
    """Log where every thread is, and end at once with FAILED."""
    log.critical("this process ends by force", reason=reason)
    faulthandler.dump_traceback(file=sys.stderr)
    sys.stderr.flush()
    os._exit(FAILED)


class LoopWatch:
    """Ends the process when its event loop is stuck, but not because the process was suspended."""

    def __init__(self, *, checks: int = STUCK_CHECKS, check_s: float = CHECK_S) -> None:
        self._checks, self._check_s = checks, check_s
        self._turned = Event()
        self._ended = Event()

    def start(self) -> None:
        """Watch the running loop until `stop`."""
        loop = asyncio.get_running_loop()
        Thread(target=self._watch, args=(loop,), name="loop-watch", daemon=True).start()

    def stop(self) -> None:
        """Stop watching."""
        self._ended.set()

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        missed = 0
        loop.call_soon_threadsafe(self._turned.set)
        while not self._ended.wait(self._check_s):
            # Counted, not measured: while the process is suspended, this thread is too.
            if not self._turned.is_set():
                missed += 1
            elif not loop.is_closed():
                missed = 0
                self._turned.clear()
                loop.call_soon_threadsafe(self._turned.set)
            if missed >= self._checks:
                end("the event loop is stuck")
