"""Pool of kept-alive connections."""

import asyncio
import ssl
from collections.abc import Callable

from reseller_webhooks.clock import monotonic_s
from reseller_webhooks.engine.sending.http1.connect import connect
from reseller_webhooks.engine.sending.http1.connection import Http1Connection
from reseller_webhooks.engine.sending.http1.request import Origin
from reseller_webhooks.engine.sending.http1.ssrf_guard import AddressGuard


class Pool:
    """Keeps connections open for the next notification to the same host.

    kept: the number of open connections above which an idle one is closed; otherwise ten thousand
    hosts would be ten thousand idle connections.
    """

    def __init__(
        self, guard: AddressGuard, *, tls: Callable[[], ssl.SSLContext], kept: int
    ) -> None:
        self._guard = guard
        self._tls = tls
        self._kept = kept
        self._closed = False
        self._open: set[Http1Connection] = set()
        self._idle: dict[str, dict[Http1Connection, None]] = {}

    def has_idle(self, target: Origin) -> bool:
        """True if a connection to the target's origin is idle."""
        return target.origin in self._idle

    def take(self, target: Origin) -> Http1Connection | None:
        """Take the most recently used idle connection to the target's origin, if any."""
        idle = self._idle.get(target.origin)
        if idle is None:
            return None
        connection, _ = idle.popitem()
        if not idle:
            del self._idle[target.origin]
        return connection

    async def open(self, target: Origin, until_s: float) -> Http1Connection:
        """Open a new connection. Raises TimeoutError at the deadline, or what `connect` raises.

        until_s: the deadline on the monotonic clock.
        """
        connection = Http1Connection(self, target.origin)
        try:
            async with asyncio.timeout(until_s - monotonic_s()):
                await connect(self._guard, self._tls(), target, connection)
        except BaseException:
            connection.abort()
            raise
        return connection

    async def close(self) -> None:
        """Close every connection, including those in use."""
        self._closed = True
        connections = list(self._open)
        for connection in connections:
            connection.abort()
        await asyncio.gather(*(connection.closed for connection in connections))

    def connection_opened(self, connection: Http1Connection) -> None:
        """See ConnectionListener."""
        self._open.add(connection)
        if self._closed:
            connection.abort()

    def connection_idle(self, connection: Http1Connection) -> None:
        """See ConnectionListener."""
        if len(self._open) > self._kept:
            connection.abort()
        else:
            self._idle.setdefault(connection.origin, {})[connection] = None

    def connection_ended(self, connection: Http1Connection) -> None:
        """See ConnectionListener."""
        self._open.discard(connection)
        idle = self._idle.get(connection.origin)
        if idle and connection in idle:
            del idle[connection]
            if not idle:
                del self._idle[connection.origin]
