"""The guard: names become addresses here, and no connection goes to one that was not vetted.

Each lookup vets every address of the name, and the connection goes to an address out of that very
lookup, so a name that changes its mind between the check and the connection gains nothing.
"""

import asyncio
import socket
from asyncio import Future
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import structlog

from reseller_webhooks import clock
from reseller_webhooks.core.addresses import (
    ONLY_PUBLIC,
    TargetNetworks,
    kind_of,
    refusal,
    refusal_of_name,
    vet,
)

Resolve = Callable[[str], Awaitable[Sequence[str]]]
"""The addresses of a host name. OSError when it has none or nobody answers."""

FOUND_KEPT_S = 30.0
"""Long enough to spare the name server under load, short enough to follow a move."""
MISSING_KEPT_S = 5.0
"""A name that fails is not asked for again at once, but a mended one is soon found."""
NAMES_KEPT = 20_000
"""Twice the hosts of a large installation; the oldest goes first."""
LOOKUPS_AT_ONCE = 64
"""Threads. A name server that does not answer holds one of them for many seconds, and only one
per name, so dead names do not keep live ones waiting. The loop's own pool has a handful."""


log = structlog.get_logger(__name__)


class Forbidden(OSError):
    """The host has an address that notifications may not go to.

    Whoever owns the webhook reads this, so of a name it does not tell the address.
    """

    def __init__(self, host: str, address: str, networks: TargetNetworks = ONLY_PUBLIC) -> None:
        is_name = host != address
        super().__init__(refusal_of_name(host) if is_name else refusal(address, networks))


class Guard:
    """Resolves names and opens sockets, vetting addresses at both.

    networks: which may be connected to though they are not global, and which never.
    resolve: asks for the addresses of a name; the system's resolver if not given.
    """

    def __init__(
        self,
        networks: TargetNetworks = ONLY_PUBLIC,
        resolve: Resolve | None = None,
        *,
        monotonic_s: Callable[[], float] = clock.monotonic_s,
    ) -> None:
        self._networks = networks
        self._monotonic_s = monotonic_s
        self._resolve = resolve or self._ask_system
        self._names: dict[str, tuple[Future[Sequence[str]], float]] = {}
        self._threads = ThreadPoolExecutor(LOOKUPS_AT_ONCE, thread_name_prefix="name-lookup")

    async def addresses(self, host: str) -> Sequence[str]:
        """The vetted addresses of a host. Forbidden, or OSError when there are none."""
        found = await asyncio.shield(self._lookup(host))
        if not found:
            raise socket.gaierror(socket.EAI_NONAME, "no address")
        refused = vet(found, self._networks)
        if refused is not None:
            self._log(host, refused)
            raise Forbidden(host, refused, self._networks)
        return found

    def open_socket(self, address: str) -> socket.socket:
        """A socket for a connection to an address; Forbidden when none may go there."""
        if vet([address], self._networks) is not None:
            raise Forbidden(address, address, self._networks)
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)

    async def close(self) -> None:
        """Drop lookups that have not begun; one under way ends by itself."""
        for lookup, _ in self._names.values():
            lookup.cancel()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _log(self, host: str, address: str) -> None:
        kind = kind_of(address, self._networks)
        log.info("a target's address was refused", host=host, address=address, kind=kind)

    def _lookup(self, host: str) -> Future[Sequence[str]]:
        """The answer that is kept, the lookup that is under way, or a new one."""
        lookup, until = self._names.get(host, (None, 0.0))
        if lookup is not None and (not lookup.done() or self._monotonic_s() < until):
            return lookup
        return self._begin(host)

    def _begin(self, host: str) -> Future[Sequence[str]]:
        lookup = asyncio.ensure_future(self._resolve(host))
        lookup.add_done_callback(lambda done: self._keep(host, done))
        self._names.pop(host, None)
        self._names[host] = (lookup, 0.0)
        if len(self._names) > NAMES_KEPT:
            del self._names[next(iter(self._names))]
        return lookup

    def _keep(self, host: str, lookup: Future[Sequence[str]]) -> None:
        missing = lookup.cancelled() or lookup.exception() is not None
        if host in self._names:
            kept_s = MISSING_KEPT_S if missing else FOUND_KEPT_S
            self._names[host] = (lookup, self._monotonic_s() + kept_s)

    async def _ask_system(self, host: str) -> Sequence[str]:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, _system_addresses, host)


def _system_addresses(host: str) -> list[str]:
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    return [str(sockaddr[0]) for *_, sockaddr in found]
