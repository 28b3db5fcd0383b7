"""Virtual time: one clock, what happens in the world, and the event loops of the processes.

Nothing waits. When nobody has anything to do, the clock jumps to the next instant at which
somebody has. Every process has a loop of its own, so that one can be frozen or killed while the
others go on. No threads, no sockets; the same seed gives the same run to the last step.
"""

import asyncio
from asyncio import events
from collections import deque
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from math import inf
from typing import Any

HAIR_S = 1e-7
"""Timers go off this much late, never early: virtual time would stand still otherwise."""
STEPS_MAX = 500_000
"""More steps than this and somebody turns in circles; a usual run has some thousands."""


class Clockwork:
    """The one clock. Instants are seconds since the start of the run."""

    def __init__(self) -> None:
        self.now = 0.0
        self.steps = 0
        self.loops: list[ProcessLoop] = []
        self._heap: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._count = count()

    def after(self, delay_s: float, call: Callable[..., None], *given: Any) -> None:
        """Something happens in the world, outside of all processes."""
        heappush(self._heap, (self.now + delay_s, next(self._count), call, given))

    def run(self, until: float, done: Callable[[], bool]) -> None:
        """Let time pass until then, or until it is done."""
        while not done() and self.steps < STEPS_MAX:
            loop = min(self.loops, key=ProcessLoop.due, default=None)
            loop_at = loop.due() if loop else inf
            world_at = self._heap[0][0] if self._heap else inf
            if min(loop_at, world_at) > until:
                self.now = until
                return
            self.steps += 1
            if loop and loop_at < world_at:
                self.now = max(self.now, loop_at)
                loop.step()
            else:
                self.now, _, call, given = heappop(self._heap)
                call(*given)


class _NoSockets:
    """A selector with nothing to select from."""

    def select(self, timeout: float | None) -> tuple[()]:  # noqa: ARG002
        return ()


class ProcessLoop(asyncio.BaseEventLoop):
    """The event loop of one process, turned by the virtual_clock.

    pace: how fast its clock goes; 1.01 is one percent fast. ahead_s: where its clock started.
    """

    # private to asyncio.BaseEventLoop, and unknown to its type stubs
    _ready: deque[asyncio.Handle]
    _scheduled: list[Any]
    _run_once: Callable[[], None]

    def __init__(
        self, virtual_clock: Clockwork, *, pace: float = 1.0, ahead_s: float = 0.0
    ) -> None:
        super().__init__()
        self.frozen = False
        self._virtual_clock = virtual_clock
        self._pace, self._ahead_s = pace, ahead_s
        self._selector = _NoSockets()
        self._clock_resolution = 0.0

    def time(self) -> float:
        return self._ahead_s + self._virtual_clock.now * self._pace

    def due(self) -> float:
        """When it has something to do."""
        if self.frozen:
            return inf
        if self._ready:
            return self._virtual_clock.now
        if self._scheduled:
            return float(self._scheduled[0]._when - self._ahead_s) / self._pace + HAIR_S
        return inf

    def step(self) -> None:
        """One turn: timers that are due, then everything that is ready."""
        events._set_running_loop(self)
        try:
            self._run_once()
        finally:
            events._set_running_loop(None)

    def end(self) -> None:
        """Take everything down. Only for the end of a run: a kill leaves no time for this."""
        while tasks := [task for task in asyncio.all_tasks(self) if not task.done()]:
            for task in tasks:
                task.cancel()
            self.step()
        self.close()

    def _process_events(self, event_list: Any) -> None:
        """There are none."""

    def _write_to_self(self) -> None:
        """Nobody sleeps, so nobody needs to be woken."""
