"""Single-machine ownership: own everything; detect other processes by a file lock.

Workers that share a store divide its partitions by leases (engine/ownership/leases.py). On SQLite
they are all on one machine, so the kernel knows whether any of them lives.
"""

import fcntl
import os
from pathlib import Path

from reseller_webhooks.core.webhooks.webhook import PARTS


class SoleOwner:
    """Owns every partition for good: for one engine that is alone on its store."""

    parts = frozenset(range(PARTS))

    def in_time(self) -> bool:
        """Always."""
        return True

    def epoch(self, part: int) -> int | None:  # noqa: ARG002
        """There is only one."""
        return 0

    def hold_s(self, part: int) -> float:  # noqa: ARG002
        """Nobody owned it before, so nothing of theirs is under way."""
        return 0.0


class ProcessLock:
    """That this process works on an SQLite store, known to others through a lock on a file.

    The kernel gives the lock back when the process ends, however it ends. So the first worker
    that comes knows that it is alone, and need not wait for the leases of one that was killed.
    """

    def __init__(self, database: Path) -> None:
        self._path = database.with_name(database.name + ".workers")
        self._handle: int | None = None

    def acquire(self) -> bool:
        """Be present from now on; whether no other worker is."""
        handle = os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600)
        self._handle = handle
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            fcntl.flock(handle, fcntl.LOCK_SH)
            return False
        return True

    def share(self) -> None:
        """Let others come; only who was alone holds them up, until it has tidied."""
        if self._handle is not None:
            fcntl.flock(self._handle, fcntl.LOCK_SH)

    def release(self) -> None:
        """Be gone."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
