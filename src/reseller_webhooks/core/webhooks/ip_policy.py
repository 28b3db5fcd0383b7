"""Addresses that notifications may go to: global unicast, with no other address inside.

The tables follow IANA's special-purpose registries (RFC 6890 and its updates). They are written
out because `ipaddress.is_global` answers differently from one Python release to the next.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

from reseller_webhooks.core.messages import Message, MessageCode
from reseller_webhooks.core.messages.targets import (
    ADDRESS_DENIED,
    ADDRESS_NOT_PUBLIC,
    HOST_NOT_PUBLIC,
    KIND_BENCHMARKS,
    KIND_CLOUD,
    KIND_DENIED,
    KIND_DOCUMENTATION,
    KIND_LINK_LOCAL,
    KIND_LOOPBACK,
    KIND_MULTICAST,
    KIND_NOT_AN_ADDRESS,
    KIND_NOT_GLOBAL,
    KIND_PRIVATE,
    KIND_PROTOCOLS,
    KIND_RELAY,
    KIND_RESERVED,
    KIND_SHARED,
    KIND_SITE_LOCAL,
    KIND_THIS_HOST,
    KIND_TUNNEL,
)

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class TargetNetworks:
    """Networks that the operator allows or denies as targets.

    allowed: may be connected to although they are not global. denied: are never connected to,
    even where `allowed` holds them.
    """

    allowed: Sequence[Network] = ()
    denied: Sequence[Network] = ()


ONLY_PUBLIC = TargetNetworks()

GLOBAL_UNICAST = IPv6Network("2000::/3")
NAT64 = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/96"))
"""RFC 6052 and RFC 8215: the last 32 bits are the IPv4 address that packets reach. In the rest
of the local-use 64:ff9b:1::/48 its place is unknown, so the rest is refused."""

KINDS: tuple[tuple[Network, MessageCode], ...] = tuple(
    (ip_network(network), kind)
    for network, kind in (
        ("0.0.0.0/8", KIND_THIS_HOST),
        ("10.0.0.0/8", KIND_PRIVATE),
        ("100.64.0.0/10", KIND_SHARED),
        ("127.0.0.0/8", KIND_LOOPBACK),
        ("168.63.129.16/32", KIND_CLOUD),  # Azure: looks public, answers only inside
        ("169.254.0.0/16", KIND_LINK_LOCAL),
        ("172.16.0.0/12", KIND_PRIVATE),
        ("192.0.0.0/24", KIND_PROTOCOLS),
        ("192.0.2.0/24", KIND_DOCUMENTATION),
        ("192.88.99.0/24", KIND_RELAY),
        ("192.168.0.0/16", KIND_PRIVATE),
        ("198.18.0.0/15", KIND_BENCHMARKS),
        ("198.51.100.0/24", KIND_DOCUMENTATION),
        ("203.0.113.0/24", KIND_DOCUMENTATION),
        ("224.0.0.0/4", KIND_MULTICAST),
        ("240.0.0.0/4", KIND_RESERVED),
        ("::/128", KIND_THIS_HOST),
        ("::1/128", KIND_LOOPBACK),
        ("fc00::/7", KIND_PRIVATE),
        ("fe80::/10", KIND_LINK_LOCAL),
        ("fec0::/10", KIND_SITE_LOCAL),
        ("ff00::/8", KIND_MULTICAST),
        ("2001::/32", KIND_TUNNEL),  # Teredo
        ("2001::/23", KIND_PROTOCOLS),
        ("2001:db8::/32", KIND_DOCUMENTATION),
        ("3fff::/20", KIND_DOCUMENTATION),
        ("2002::/16", KIND_TUNNEL),  # 6to4, which is retired (RFC 7526)
    )
)


def is_public(address: str, networks: TargetNetworks = ONLY_PUBLIC) -> bool:
    """True if this service may connect to the address; a text that is not an address is never
    public."""
    return kind_of(address, networks) is None


def vet(addresses: Iterable[str], networks: TargetNetworks = ONLY_PUBLIC) -> str | None:
    """The first address that we may not connect to, or None. One bad address spoils the name."""
    return next((address for address in addresses if not is_public(address, networks)), None)


def kind_of(address: str, networks: TargetNetworks = ONLY_PUBLIC) -> Message | None:
    """The kind of a forbidden address; None for an allowed one.

    networks: for the address and for what is inside it.
    """
    try:
        ip = ip_address(address)
    except ValueError:
        return KIND_NOT_AN_ADDRESS()
    every = (ip, *_inside(ip))
    if any(one in network for one in every for network in networks.denied):
        return KIND_DENIED()
    return _kind(ip, networks.allowed)


def refusal(address: str, networks: TargetNetworks = ONLY_PUBLIC) -> Message:
    """The refusal of an address that was entered, with its remedy."""
    kind = kind_of(address, networks) or KIND_RESERVED()
    if kind.code is KIND_DENIED:
        return ADDRESS_DENIED(address=address)
    bits = 128 if ":" in address else 32
    network = f"{address.partition('%')[0]}/{bits}"
    return ADDRESS_NOT_PUBLIC(address=address, kind=kind, network=network)


def refusal_of_name(host: str) -> Message:
    """The refusal of a name; it does not reveal the addresses that the name server gave."""
    return HOST_NOT_PUBLIC(host=host)


def _kind(ip: Address, allowed: Sequence[Network]) -> Message | None:
    if any(ip in network for network in allowed):
        return None
    if isinstance(ip, IPv6Address) and (forwarded := _translated(ip)):
        return _kind(forwarded, allowed)
    return _own_kind(ip)


def _translated(ip: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that a packet to this one is translated to, if it is."""
    if ip.ipv4_mapped:
        return ip.ipv4_mapped
    return _last_32_bits(ip) if any(ip in network for network in NAT64) else None


def _inside(ip: Address) -> tuple[IPv4Address, ...]:
    """The IPv4 addresses that packets to this one may come out at, through tunnels as well."""
    if not isinstance(ip, IPv6Address):
        return ()
    found = [_translated(ip), ip.sixtofour, *(ip.teredo or ())]
    found += [_last_32_bits(ip)] if _is_isatap(ip) else []
    return tuple(one for one in found if one is not None)


def _last_32_bits(ip: IPv6Address) -> IPv4Address:
    return IPv4Address(int(ip) & 0xFFFF_FFFF)


def _is_isatap(ip: IPv6Address) -> bool:
    """RFC 5214, 6.1: the interface identifier is 0000:5EFE or 0200:5EFE and an IPv4 address."""
    return (int(ip) >> 32) & 0xFDFF_FFFF == 0x0000_5EFE


def _own_kind(ip: Address) -> Message | None:
    for network, kind in KINDS:
        if ip in network:
            return kind()
    if isinstance(ip, IPv6Address) and _is_isatap(ip):
        return KIND_TUNNEL()
    if isinstance(ip, IPv6Address) and (ip not in GLOBAL_UNICAST or ip.scope_id):
        return KIND_NOT_GLOBAL()
    return None
