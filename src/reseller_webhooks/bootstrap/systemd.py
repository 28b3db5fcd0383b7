"""Reports the state of this process to systemd (sd_notify(3)): READY, WATCHDOG and STATUS."""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, MutableMapping, Sequence

import structlog

from reseller_webhooks.clock import SECOND
from reseller_webhooks.core.health.condition_texts import text_of
from reseller_webhooks.core.health.conditions import Condition, Severity, worst

EVERY_S = 5.0
BEATS = 3
"""Reports in the time that the watchdog waits, so that a late report does no harm."""

log = structlog.get_logger()


class ServiceManager:
    """The datagram socket of systemd; without one it says nothing."""

    def __init__(self, environment: MutableMapping[str, str] = os.environ) -> None:
        # Taken out: processes that this one starts are none of the service manager's business.
        self._address = environment.pop("NOTIFY_SOCKET", "").replace("@", "\0", 1)
        watchdog_s = int(environment.pop("WATCHDOG_USEC", "0")) / SECOND
        self.every_s = min(EVERY_S, watchdog_s / BEATS) if watchdog_s else EVERY_S
        self._is_ready = False

    def tell(self, *lines: str) -> None:
        """Send assignments, such as READY=1."""
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sending:
                sending.sendto("\n".join(lines).encode(), self._address)
        except OSError as error:
            log.warning("systemd was not notified", reason=str(error))

    async def report(self, readiness: Callable[[], Awaitable[Sequence[Condition]]]) -> None:
        """Report for ever, or not at all without systemd.

        WATCHDOG=1 is left out once only a restart would help.
        """
        while self._address:
            self.tell(*self._lines(await readiness()))
            await asyncio.sleep(self.every_s)

    def _lines(self, conditions: Sequence[Condition]) -> list[str]:
        severity = worst(conditions)
        lines = ["STATUS=" + ("; ".join(map(text_of, conditions)) or "ok")]
        if severity is not Severity.NOT_ALIVE:
            lines.append("WATCHDOG=1")
        if not self._is_ready and severity in {None, Severity.DEGRADED}:
            self._is_ready = True
            lines.append("READY=1")
        return lines
