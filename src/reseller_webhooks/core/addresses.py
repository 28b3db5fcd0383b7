"""Which addresses a notification may go to. Owns the rule: global unicast, nothing hidden in it.

The tables follow IANA's special-purpose registries (RFC 6890 and its updates). They are written
out because `ipaddress.is_global` answers differently from one Python release to the next.
"""

from collections.abc import Iterable, Sequence
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

GLOBAL_UNICAST = IPv6Network("2000::/3")
NAT64 = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/96"))
"""RFC 6052 and RFC 8215: the last 32 bits are the IPv4 address that packets come out at. In the
rest of the local-use 64:ff9b:1::/48 nobody can tell where it is, so the rest is refused."""

KINDS: tuple[tuple[Network, str], ...] = tuple(
    (ip_network(network), kind)
    for network, kind in (
        ("0.0.0.0/8", "this host"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "shared address space"),
        ("127.0.0.0/8", "loopback"),
        ("168.63.129.16/32", "the cloud host's own"),  # Azure: looks public, answers only inside
        ("169.254.0.0/16", "link-local"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "reserved for protocols"),
        ("192.0.2.0/24", "for documentation"),
        ("192.88.99.0/24", "a retired relay"),
        ("192.168.0.0/16", "private"),
        ("198.18.0.0/15", "for benchmarks"),
        ("198.51.100.0/24", "for documentation"),
        ("203.0.113.0/24", "for documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
        ("::/128", "this host"),
        ("::1/128", "loopback"),
        ("fc00::/7", "private"),
        ("fe80::/10", "link-local"),
        ("fec0::/10", "site-local"),
        ("ff00::/8", "multicast"),
        ("2001::/23", "reserved for protocols"),
        ("2001:db8::/32", "for documentation"),
        ("3fff::/20", "for documentation"),
    )
)


def is_public(address: str, allowed: Sequence[Network] = ()) -> bool:
    """Whether we may connect to the address; what is no address is never public."""
    return kind_of(address, allowed) is None


def vet(addresses: Iterable[str], allowed: Sequence[Network] = ()) -> str | None:
    """The first address that we may not connect to, or None. One bad address spoils the name."""
    return next((address for address in addresses if not is_public(address, allowed)), None)


def kind_of(address: str, allowed: Sequence[Network] = ()) -> str | None:
    """What is wrong with the address in a word or three, or None when we may connect to it.

    allowed: networks that the operator has opened, for the address or for what is inside it.
    """
    try:
        return _kind(ip_address(address), allowed)
    except ValueError:
        return "not an address"


def refusal(host: str, address: str) -> str:
    """One line for the log and the form: what is refused, why, and how the operator can mend it."""
    bits = 128 if ":" in address else 32
    bare = address.partition("%")[0]
    subject = (
        f"address {address}" if host == address else f"{host} has the address {address}, which"
    )
    return (
        f"{subject} is {kind_of(address) or 'refused'}; a target must be reachable from the whole "
        "internet. If it is right, the operator can set "
        f"RESELLER_WEBHOOKS_ALLOW_TARGETS={bare}/{bits}"
    )


def _kind(ip: Address, allowed: Sequence[Network]) -> str | None:
    if any(ip in network for network in allowed):
        return None
    inside = _inside(ip) if isinstance(ip, IPv6Address) else ()
    if inside:
        return next((kind for each in inside if (kind := _kind(each, allowed))), None)
    return _own_kind(ip)


def _inside(ip: IPv6Address) -> tuple[IPv4Address, ...]:
    """The IPv4 addresses that packets to this one are handed on to, if any."""
    if ip.ipv4_mapped:
        return (ip.ipv4_mapped,)
    if ip.sixtofour:
        return (ip.sixtofour,)
    if ip.teredo:
        return ip.teredo
    if any(ip in network for network in NAT64):
        return (IPv4Address(int(ip) & 0xFFFF_FFFF),)
    return ()


def _own_kind(ip: Address) -> str | None:
    for network, kind in KINDS:
        if ip in network:
            return kind
    if isinstance(ip, IPv6Address) and (ip not in GLOBAL_UNICAST or ip.scope_id):
        return "not global unicast"
    return None
