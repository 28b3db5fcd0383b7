"""Who may send: on SQLite one process, held by a lock on a file beside the database."""

import fcntl
import os
from pathlib import Path

from reseller_webhooks.core.errors import Refused


class SoleOwner:
    """The right to send for every webhook of an SQLite store, as long as this process lives.

    The kernel gives the lock back when the process ends, however it ends, so there is
    nothing to time out and nothing to clean up.
    """

    def __init__(self, database: Path) -> None:
        self._path = database.with_name(database.name + ".owner")
        self._handle: int | None = None

    def take(self) -> None:
        """Take the right; Refused when another process has it."""
        handle = os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            raise Refused(
                f"another process sends from {self._path.stem} already; "
                "stop it first, or start this one with --role api"
            ) from None
        self._handle = handle

    def release(self) -> None:
        """Give the right back."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
