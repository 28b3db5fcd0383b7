"""Guards against SSRF: resolves names and vets every address before a connection.

The connection goes to an address of the look-up that was vetted, so a name that changes its address
between check and connection (DNS rebinding) gains nothing.
"""

import socket
from collections.abc import Callable, Sequence

import structlog

from reseller_webhooks import clock
from reseller_webhooks.core.webhooks.ip_policy import (
    ONLY_PUBLIC,
    TargetNetworks,
    kind_of,
    refusal,
    refusal_of_name,
    vet,
)
from reseller_webhooks.engine.sending.http1.name_lookups import NameLookups, Resolve

log = structlog.get_logger(__name__)


class ForbiddenAddress(OSError):
    """The host has an address that notifications may not go to.

    Whoever owns the webhook reads this, so of a name it does not tell the address.
    """

    def __init__(self, host: str, address: str, networks: TargetNetworks = ONLY_PUBLIC) -> None:
        is_name = host != address
        self.message = refusal_of_name(host) if is_name else refusal(address, networks)
        super().__init__(str(self.message))


class AddressGuard:
    """Resolves names and opens sockets; both check addresses.

    networks: networks that are allowed though they are not global, and forbidden ones.
    resolve: see NameLookups.
    """

    def __init__(
        self,
        networks: TargetNetworks = ONLY_PUBLIC,
        resolve: Resolve | None = None,
        *,
        monotonic_s: Callable[[], float] = clock.monotonic_s,
    ) -> None:
        self._networks = networks
        self.names = NameLookups(resolve, monotonic_s=monotonic_s)

    async def addresses(self, host: str) -> Sequence[str]:
        """The vetted addresses of a host. Raises ForbiddenAddress, or OSError if it has none."""
        found = await self.names.addresses(host)
        if not found:
            raise socket.gaierror(socket.EAI_NONAME, "no address")
        refused = vet(found, self._networks)
        if refused is not None:
            self._log(host, refused)
            raise ForbiddenAddress(host, refused, self._networks)
        return found

    def open_socket(self, address: str) -> socket.socket:
        """A socket for a connection to an address. Raises ForbiddenAddress if it is not allowed."""
        if vet([address], self._networks) is not None:
            raise ForbiddenAddress(address, address, self._networks)
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)

    async def close(self) -> None:
        """Stop name look-ups."""
        self.names.close()

    def _log(self, host: str, address: str) -> None:
        kind = str(kind_of(address, self._networks))
        log.info("a target's address was refused", host=host, address=address, kind=kind)
