"""How a connection comes about: vetted addresses, a race between them, TLS."""

import asyncio
import socket
import ssl
from asyncio import Task
from collections import deque
from collections.abc import Sequence
from itertools import zip_longest

from reseller_webhooks.engine.sending.http1.connection import Connection
from reseller_webhooks.engine.sending.http1.errors import ConnectFailed, TlsClosed
from reseller_webhooks.engine.sending.http1.request import Origin
from reseller_webhooks.engine.sending.http1.ssrf_guard import AddressGuard

NEXT_AFTER_S = 0.25
"""How long one address is waited for before another is tried beside it (RFC 8305, 8)."""
ADDRESSES_TRIED = 8
"""A name may have hundreds of addresses, and they need not be its owner's."""
HANDSHAKE_S = 86_400.0
"""The event loop insists on a limit of its own; the deadline around all this is shorter."""


async def connect(
    guard: AddressGuard, tls: ssl.SSLContext, target: Origin, connection: Connection
) -> None:
    """Connect to a target; the caller has the deadline.

    Forbidden, gaierror when the name has no address, Unreached, ssl.SSLError or HungUp.
    """
    # An address is not resolved; as any other, it is vetted when its socket is opened.
    found = [target.name] if target.is_address else await guard.addresses(target.name)
    reached = await _reach(guard, _race(found)[:ADDRESSES_TRIED], target.port)
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


def _race(addresses: Sequence[str]) -> list[str]:
    """IPv4 and IPv6 in turns, beginning with the resolver's first (RFC 8305, 4)."""
    six = [":" in address for address in addresses]
    first = [address for address, its in zip(addresses, six, strict=True) if its == six[0]]
    other = [address for address, its in zip(addresses, six, strict=True) if its != six[0]]
    return [address for pair in zip_longest(first, other) for address in pair if address]


async def _reach(guard: AddressGuard, addresses: Sequence[str], port: int) -> socket.socket:
    """The first socket to be connected (RFC 8305, 5). Unreached when none is."""
    waiting, tries = deque(addresses), list[Task[socket.socket]]()
    winner: Task[socket.socket] | None = None
    try:
        while winner is None:
            if waiting:
                tries.append(asyncio.create_task(_socket_to(guard, waiting.popleft(), port)))
            elif all(one.done() for one in tries):
                raise ConnectFailed from tries[-1].exception()
            winner = await _first(tries, NEXT_AFTER_S if waiting else None)
        return winner.result()
    finally:
        for one in tries:
            if one is not winner:
                one.cancel()
                one.add_done_callback(_close_unused)


async def _first(
    tries: Sequence[Task[socket.socket]], timeout_s: float | None
) -> Task[socket.socket] | None:
    """The try that succeeds, or None when one fails or the time is over."""
    open_ = [one for one in tries if not one.done()]
    done, _ = await asyncio.wait(open_, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    return next((one for one in done if one.exception() is None), None)


async def _socket_to(guard: AddressGuard, address: str, port: int) -> socket.socket:
    one = guard.open_socket(address)
    try:
        one.setblocking(False)
        await asyncio.get_running_loop().sock_connect(one, (address, port))
    except BaseException:
        one.close()
        raise
    return one


def _close_unused(one: Task[socket.socket]) -> None:
    if not one.cancelled() and one.exception() is None:
        one.result().close()
