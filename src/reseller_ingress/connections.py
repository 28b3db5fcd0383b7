"""The connections of one server: how many there are, from whom, and whose turn it is."""

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address
from typing import Protocol

from reseller_ingress.limits import Limits
from reseller_ingress.refusals import RefusalReason

WARN_EVERY_S = 10.0
"""A warning for each reason, so that an attack does not fill the log as well."""
DISCARD_EVERY_S = 0.005
"""Pause between two discarded slices, over all connections: about 50 MB/s."""
SITE_BITS = 64
"""Of an IPv6 address; the rest of it is at its owner's choice."""


class IngressConnection(Protocol):
    """The methods that `Ingress` needs of a connection."""

    def end(self) -> None:
        """Close it."""

    def start_next(self) -> None:
        """Start its next pipelined request."""

    def discard_next(self) -> None:
        """Read the next slice of a body that was answered already."""


class Ingress:
    """Shared by all connections of a server. Only its event loop may use it.

    is_trusted: whether an address is a proxy. count: told of every refusal. warn: told of some,
    with the peer and how many there were since the last warning.
    """

    def __init__(
        self,
        limits: Limits,
        *,
        is_trusted: Callable[[str], bool] = lambda _: False,
        count: Callable[[RefusalReason], None] = lambda _: None,
        warn: Callable[[RefusalReason, str, int], None] = lambda *_: None,
    ) -> None:
        self.limits = limits
        self._is_trusted = is_trusted
        self._count, self._warn = count, warn
        self._open: dict[IngressConnection, str] = {}
        self._per_address: Counter[str] = Counter()
        self._idle: dict[IngressConnection, None] = {}
        self._turns: deque[IngressConnection] = deque()
        self._discarding: deque[IngressConnection] = deque()
        self._since_warning: Counter[RefusalReason] = Counter()
        self._warned_at: dict[RefusalReason, float] = {}

    def __len__(self) -> int:
        return len(self._open)

    def admit(self, connection: IngressConnection, peer: str) -> RefusalReason | None:
        """Take a new connection in, at the cost of the oldest idle one if need be; or say why not.

        Nobody is shut out by connections that do nothing.
        """
        address = network_of(peer)
        has_its_share = self._per_address[address] >= self.limits.connections_per_address
        if has_its_share and not self._is_trusted(peer):
            return RefusalReason.CONNECTIONS_PER_ADDRESS
        if len(self._open) >= self.limits.connections and not self._end_oldest_idle():
            return RefusalReason.CONNECTIONS
        self._open[connection] = address
        self._per_address[address] += 1
        return None

    def forget(self, connection: IngressConnection) -> None:
        """A connection is gone."""
        self._idle.pop(connection, None)
        address = self._open.pop(connection, None)
        if address is None:
            return
        self._per_address[address] -= 1
        if not self._per_address[address]:
            del self._per_address[address]

    def idle(self, connection: IngressConnection) -> None:
        """A connection has no request under way."""
        if connection in self._open:
            self._idle[connection] = None

    def busy(self, connection: IngressConnection) -> None:
        """A request began on it."""
        self._idle.pop(connection, None)

    def wait_for_turn(self, connection: IngressConnection) -> None:
        """Start its next pipelined request in turn: one in each round of the event loop."""
        if not self._turns:
            asyncio.get_running_loop().call_soon(self._next_turn)
        self._turns.append(connection)

    def wait_to_discard(self, connection: IngressConnection) -> None:
        """Let a connection discard the next slice of an answered body when its turn comes."""
        if not self._discarding:
            asyncio.get_running_loop().call_later(DISCARD_EVERY_S, self._discard_next)
        self._discarding.append(connection)

    def refused(self, reason: RefusalReason, peer: str) -> None:
        """Count a refusal, and warn of it now and then."""
        self._count(reason)
        self._since_warning[reason] += 1
        now_s = asyncio.get_running_loop().time()
        if now_s - self._warned_at.get(reason, now_s - WARN_EVERY_S) >= WARN_EVERY_S:
            self._warned_at[reason] = now_s
            self._warn(reason, peer, self._since_warning.pop(reason))

    def _end_oldest_idle(self) -> bool:
        oldest = next(iter(self._idle), None)
        if oldest is None:
            return False
        self.forget(oldest)
        oldest.end()
        return True

    def _next_turn(self) -> None:
        connection = self._turns.popleft()
        if self._turns:
            asyncio.get_running_loop().call_soon(self._next_turn)
        connection.start_next()

    def _discard_next(self) -> None:
        connection = self._discarding.popleft()
        if self._discarding:
            asyncio.get_running_loop().call_later(DISCARD_EVERY_S, self._discard_next)
        connection.discard_next()


def network_of(peer: str) -> str:
    """The network of an address: itself, or the /64 of IPv6."""
    try:
        address = ip_address(peer.partition("%")[0])
    except ValueError:
        return peer
    if not isinstance(address, IPv6Address):
        return peer
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return f"{int(address) >> (128 - SITE_BITS):x}/{SITE_BITS}"
