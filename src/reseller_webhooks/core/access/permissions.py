"""Permissions: scopes of API keys and roles of people."""

from enum import StrEnum
from ipaddress import ip_address, ip_network


class Scope(StrEnum):
    """Scopes of API keys."""

    PLATFORM = "platform"
    """Writes records, and sees every reseller."""
    RESELLER = "reseller"
    """Manages one reseller's webhooks."""
    RESELLER_READ = "reseller:read"
    """Reads what one reseller may see."""


class Role(StrEnum):
    """Roles of people on the pages."""

    ADMIN = "admin"
    """Manages their reseller's webhooks."""
    VIEWER = "viewer"
    """Sees them."""
    OPERATOR = "operator"
    """Sees and manages every reseller's."""


class SignInWay(StrEnum):
    """Ways in which sessions begin."""

    PASSWORD = "password"  # noqa: S105 - a word
    LINK = "link"
    """A sign-in link of an operator's, or of the command line."""
    ADMIN_LINK = "admin link"
    """A sign-in link of an admin's, who may have opened it instead of the person."""
    INVITE = "invite"
    SINGLE_SIGN_ON = "single sign-on"
    """The identity provider vouches for the person's e-mail address."""
    RENAMED_SIGN_ON = "renamed sign-on"
    """The identity is the person's, but has another e-mail address by now."""

    @property
    def word(self) -> str:
        """The audit log's word: the same for each kind of link and of single sign-on."""
        shown = {
            SignInWay.ADMIN_LINK: SignInWay.LINK,
            SignInWay.RENAMED_SIGN_ON: SignInWay.SINGLE_SIGN_ON,
        }
        return shown.get(self, self).value


PASSWORD_MIN, PASSWORD_MAX = 10, 200
"""Characters of a password; the longest keeps the slow hash from being fed megabytes."""
FREE_GUESSES = 5
"""Wrong passwords for one account before its owner has to wait."""
FREE_GUESSES_OF_ADDRESS = 30
"""Wrong passwords from one address, for any accounts: an office may share an address."""
LONGEST_LOCK_S = 900
_IPV6_BITS = 64


def lock_s(failures: int, free: int = FREE_GUESSES) -> int:
    """Seconds to wait after that many wrong passwords in a row; doubles from 15 s to 15 min."""
    if failures < free:
        return 0
    return min(15 << min(failures - free, 10), LONGEST_LOCK_S)


def network_of(address: str) -> str:
    """The range of addresses that one visitor controls: an IPv4 address, or a /64 of IPv6."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if found.version == 4:
        return str(found)
    if found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return str(ip_network((int(found), _IPV6_BITS), strict=False))
