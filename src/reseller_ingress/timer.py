"""A deadline that can be stopped."""

from asyncio import AbstractEventLoop, TimerHandle
from collections.abc import Callable


class Timer:
    """Runs at most once at a time; a start while it runs changes nothing."""

    __slots__ = ("_handle", "_loop")

    def __init__(self, loop: AbstractEventLoop) -> None:
        self._loop = loop
        self._handle: TimerHandle | None = None

    @property
    def is_running(self) -> bool:
        """True from the start until it has ended or is stopped."""
        return self._handle is not None

    def start(self, after_s: float, call: Callable[[], object]) -> None:
        """Call after that time, unless it runs already."""
        if self._handle is None:
            self._handle = self._loop.call_later(after_s, self._end, call)

    def stop(self) -> None:
        """Do not call."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _end(self, call: Callable[[], object]) -> None:
        self._handle = None
        call()
