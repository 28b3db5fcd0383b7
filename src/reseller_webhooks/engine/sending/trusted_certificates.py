"""The certificates that are trusted towards receivers, read again when CA_FILE changes."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from ssl import SSLContext

import structlog

from reseller_webhooks.core.errors import Refused
from reseller_webhooks.core.health.conditions import Condition, ConditionCode, Severity
from reseller_webhooks.engine.sending.http1.tls import tls_context

EVERY_S = 3.0
"""How often the file is looked at, on a thread: it may lie on a disk that hangs."""

Version = tuple[int, int, int]
"""What changes when a file does: inode, size, time of the last change in nanoseconds."""

log = structlog.get_logger()


class TrustedCertificates:
    """The TLS context for new connections; those that are open keep theirs.

    Refused when the file cannot be used at the start. Later a file that cannot be used leaves the
    context as it is, and is a condition until the file is mended.
    """

    def __init__(self, ca_file: Path | None) -> None:
        self._ca_file = ca_file
        self._version = _version(ca_file)
        self._failure = ""
        self.context: SSLContext = tls_context(ca_file)

    async def watch(self, every_s: float = EVERY_S) -> None:
        """Look at the file for ever; only where there is one."""
        while True:
            await asyncio.sleep(every_s)
            await asyncio.to_thread(self.refresh)

    def refresh(self) -> bool:
        """Read the file if it has changed; whether new connections have a new context."""
        version = _version(self._ca_file)
        if version == self._version:
            return False
        self._version = version
        try:
            self.context = tls_context(self._ca_file)
        except Refused as error:
            self._failure = str(error)
            log.warning("the changed CA_FILE cannot be used", reason=self._failure)
            return False
        self._failure = ""
        log.info("the changed CA_FILE is in force", file=str(self._ca_file))
        return True

    def conditions(self) -> Iterator[Condition]:
        """That the file of now cannot be used."""
        if self._failure:
            yield Condition(
                ConditionCode.CA_FILE_UNUSABLE, Severity.DEGRADED, {"file": str(self._ca_file)}
            )


def _version(ca_file: Path | None) -> Version | None:
    try:
        found = os.stat(ca_file) if ca_file else None
    except OSError:
        return None
    return (found.st_ino, found.st_size, found.st_mtime_ns) if found else None
