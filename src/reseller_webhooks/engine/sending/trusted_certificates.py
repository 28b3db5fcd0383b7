"""Trusted certificate authorities for receivers; reloads CA_FILE when it changes."""

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
"""Seconds between checks of the file, on a thread, since its disk may hang."""

Version = tuple[int, int, int]
"""Identifies a file's content: inode, size, time of the last change in nanoseconds."""

log = structlog.get_logger()


class TrustedCertificates:
    """The TLS context for new connections; open connections keep theirs.

    Raises Refused if the file cannot be used at the start. Later, an unusable file leaves the
    context unchanged and shows as a condition until it is repaired.
    """

    def __init__(self, ca_file: Path | None) -> None:
        self._ca_file = ca_file
        self._version = _version(ca_file)
        self._failure = ""
        self.context: SSLContext = tls_context(ca_file)

    async def watch(self, every_s: float = EVERY_S) -> None:
        """Check the file forever."""
        while True:
            await asyncio.sleep(every_s)
            await asyncio.to_thread(self.refresh)

    def refresh(self) -> bool:
        """Reload the file if it has changed. Returns whether there is a new context."""
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
        """A condition if the present file cannot be used."""
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
