"""Opens connections: vetted addresses, happy eyeballs (RFC 8305), TLS."""

import asyncio
import socket
import ssl
from asyncio import Task
from collections import deque
from collections.abc import Sequence
from itertools import zip_longest

from reseller_webhooks.engine.sending.http1.connection import Http1Connection
from reseller_webhooks.engine.sending.http1.errors import ConnectFailed, TlsClosed
from reseller_webhooks.engine.sending.http1.request import Origin
from reseller_webhooks.engine.sending.http1.ssrf_guard import AddressGuard

NEXT_AFTER_S = 0.25
"""Delay before the next address is tried in parallel (RFC 8305, 8)."""
ADDRESSES_TRIED = 8
"""A name may have hundreds of addresses, also of machines that are not its owner's."""
HANDSHAKE_S = 86_400.0
"""The event loop requires a limit; the caller's deadline is shorter."""


async def connect(
    guard: AddressGuard, tls: ssl.SSLContext, target: Origin, connection: Http1Connection
) -> None:
    """Connect to a target; the caller sets the deadline.

    Raises ForbiddenAddress, socket.gaierror, ConnectFailed, ssl.SSLError or TlsClosed.
    """
    # An address literal is not resolved; it is vetted when its socket is opened.
    addresses = [target.name] if target.is_address else await guard.addresses(target.name)
    reached = await _reach(guard, _interleave(addresses)[:ADDRESSES_TRIED], target.port)
    try:
        await asyncio.get_running_loop().create_connection(
            lambda: connection,
            sock=reached,
            ssl=tls,
            server_hostname=target.name,
            ssl_handshake_timeout=HANDSHAKE_S,
        )
    except ssl.SSLEOFError as error:
        raise TlsClosed from error
    except ssl.SSLError:
        raise
    except OSError as error:
        raise TlsClosed from error


def _interleave(addresses: Sequence[str]) -> list[str]:
    """Alternate IPv4 and IPv6, starting with the resolver's first address (RFC 8305, 4)."""
    first_is_v6 = ":" in addresses[0]
    first = [address for address in addresses if (":" in address) is first_is_v6]
    other = [address for address in addresses if (":" in address) is not first_is_v6]
    return [address for pair in zip_longest(first, other) for address in pair if address]


async def _reach(guard: AddressGuard, addresses: Sequence[str], port: int) -> socket.socket:
    """The first socket that connects (RFC 8305, 5). Raises ConnectFailed if none does."""
    waiting, tries = deque(addresses), list[Task[socket.socket]]()
    winner: Task[socket.socket] | None = None
    try:
        while winner is None:
            if waiting:
                tries.append(asyncio.create_task(_socket_to(guard, waiting.popleft(), port)))
            elif all(attempt.done() for attempt in tries):
                raise ConnectFailed from tries[-1].exception()
            winner = await _first(tries, NEXT_AFTER_S if waiting else None)
        return winner.result()
    finally:
        for attempt in tries:
            if attempt is not winner:
                attempt.cancel()
                attempt.add_done_callback(_close_unused)


async def _first(
    tries: Sequence[Task[socket.socket]], timeout_s: float | None
) -> Task[socket.socket] | None:
    """The attempt that connects; None if one fails or the time is up."""
    open_ = [attempt for attempt in tries if not attempt.done()]
    done, _ = await asyncio.wait(open_, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    return next((attempt for attempt in done if attempt.exception() is None), None)


async def _socket_to(guard: AddressGuard, address: str, port: int) -> socket.socket:
    sock = guard.open_socket(address)
    try:
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, (address, port))
    except BaseException:
        sock.close()
        raise
    return sock


def _close_unused(attempt: Task[socket.socket]) -> None:
    if not attempt.cancelled() and attempt.exception() is None:
        attempt.result().close()
