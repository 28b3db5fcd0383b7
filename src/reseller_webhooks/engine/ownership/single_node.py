"""Single-machine ownership: own everything; detect other processes by a file lock.

Workers that share a store divide its partitions by leases (engine/ownership/leases.py). On SQLite
they are all on one machine, so the kernel knows whether any of them lives.
"""

import fcntl
import os
from pathlib import Path

from reseller_webhooks.core.webhooks.webhook import PARTS


class SoleOwner:
    """Owns every partition forever: for the only engine of a store."""

    parts = frozenset(range(PARTS))

    def in_time(self) -> bool:
        """Always."""
        return True

    def epoch(self, part: int) -> int | None:  # noqa: ARG002
        """Always 0."""
        return 0

    def hold_s(self, part: int) -> float:  # noqa: ARG002
        """Zero: there was no former owner."""
        return 0.0


class ProcessLock:
    """A file lock that shows other processes that this one uses an SQLite store.

    The kernel releases the lock when the process ends, even if it is killed. So the first worker
    knows that it is alone and need not wait for the leases of a killed one.
    """

    def __init__(self, database: Path) -> None:
        self._path = database.with_name(database.name + ".workers")
        self._handle: int | None = None

    def acquire(self) -> bool:
        """Take the lock. Returns whether no other worker has it."""
        handle = os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600)
        self._handle = handle
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            fcntl.flock(handle, fcntl.LOCK_SH)
            return False
        return True

    def share(self) -> None:
        """Let other workers start: the first one blocks them until it has cleaned up."""
        if self._handle is not None:
            fcntl.flock(self._handle, fcntl.LOCK_SH)

    def release(self) -> None:
        """Release the lock."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
