"""A target: the URL a webhook names. Owns which URLs may be one, and the form they are kept in.

The rules are stricter than RFC 3986, so that no two programs can read one URL differently.
"""

import re
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import quote

import idna

from reseller_webhooks.core.errors import Invalid
from reseller_webhooks.core.webhooks.ip_policy import TargetNetworks, is_public, refusal

URL_CHARS_MAX = 2048
"""What every proxy, log and browser passes on."""
HOST_CHARS_MAX = 253
"""RFC 1035, 2.3.4, less the two bytes that are not written."""

_EXAMPLE = "https://hooks.example.com/notifications"
_URL = re.compile(r"https://(?P<authority>[^/?]*)(?P<rest>.*)", re.IGNORECASE)
_AUTHORITY = re.compile(r"(?P<host>\[[^]]*\]|[^:]*)(?::(?P<port>[0-9]*))?")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
# What inet_aton takes for a number, and so for an address: 127.1, 0x7f.1, 2130706433 (WHATWG URL).
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
# Everything RFC 3986 allows, and % so that what came encoded stays as it came.
_KEPT = "%!$&'()*+,/:;=?@[]-._~"


def check_url(text: str, pointer: str = "/url") -> str:
    """The URL as it is kept and sent: host in ASCII and lower case, default port left out.

    Path and query stay as entered, but for characters that cannot go on the wire.
    Raises Invalid at `pointer`. Whether the address may be connected to is asked when it is known.
    """
    try:
        return _normal(text)
    except _Unfit as why:
        raise Invalid.at(pointer, str(why)) from None


def check_target(text: str, networks: TargetNetworks | None, pointer: str = "/url") -> str:
    """`check_url`, and when the host is an address, whether we may connect to it.

    networks: what the operator has set; None for any address.
    """
    url = check_url(text, pointer)
    address = literal_address(url)
    if address is not None and networks is not None and not is_public(address, networks):
        raise Invalid.at(pointer, refusal(address, networks))
    return url


def literal_address(url: str) -> str | None:
    """The address, when the host of a checked URL is one and not a name."""
    host = host_of(url)
    if host.startswith("["):
        return host.strip("[]")
    return host if _is_number(host.rpartition(".")[2]) else None


def host_of(url: str) -> str:
    """The host of a checked URL, an IPv6 address in its brackets."""
    match = _URL.match(url)
    found = _AUTHORITY.match(match["authority"]) if match else None
    return found["host"] if found else ""


def origin_of(url: str) -> str:
    """Scheme, host and port of a checked URL; equal for two URLs of the same server."""
    return f"https://{authority_of(url)}"


def authority_of(url: str) -> str:
    """Host and port of a checked URL; the default port is left out."""
    match = _URL.match(url)
    return match["authority"].lower() if match else ""


class _Unfit(Exception):
    """Why a text cannot be a target. Never quotes all of it: there may be a password in it."""


def _normal(text: str) -> str:
    _check_characters(text)
    match = _URL.fullmatch(text)
    if match is None:
        raise _Unfit(_not_https(text))
    rest = match["rest"] if match["rest"].startswith("/") else "/" + match["rest"]
    url = f"https://{_authority(match['authority'])}{quote(rest, safe=_KEPT)}"
    _check_length(url)
    return url


def _check_characters(text: str) -> None:
    if not text:
        raise _Unfit(f"is empty; enter the full URL, for example {_EXAMPLE}")
    _check_length(text)
    for place, char in enumerate(text, start=1):
        if char.isspace() or not char.isprintable():
            raise _Unfit(f"character {place} is a space or cannot be seen; leave it out")
    if "#" in text:
        raise _Unfit("has a fragment (from the # on), which is never sent; leave it out")


def _check_length(text: str) -> None:
    if len(text) > URL_CHARS_MAX:
        raise _Unfit(f"is {len(text)} characters long; at most {URL_CHARS_MAX} are possible")


def _not_https(text: str) -> str:
    scheme, colon, _ = text.partition("://")
    if colon and scheme.isalpha():
        return f"begins with {scheme[:20]}://; notifications go over https:// only"
    return f"does not begin with https://; enter the full URL, for example {_EXAMPLE}"


def _authority(text: str) -> str:
    if "@" in text:
        raise _Unfit("holds a user name or password; leave it out and choose Token or OAuth2")
    match = _AUTHORITY.fullmatch(text)
    if match is None:
        raise _Unfit(f"has no valid host and port in {text!r}; write host or host:port")
    return _host(match["host"]) + _port(match["port"] or "")


def _port(digits: str) -> str:
    if not digits.strip("0"):
        return _no_port(digits)
    number = int(digits[:6])
    if len(digits) > 5 or number > 65535:
        raise _Unfit(f"port {digits[:20]} does not exist; ports go from 1 to 65535")
    return "" if number == 443 else f":{number}"


def _no_port(digits: str) -> str:
    if digits:
        raise _Unfit("port 0 cannot be connected to; ports go from 1 to 65535")
    return ""


def _host(text: str) -> str:
    if not text:
        raise _Unfit(f"names no host; enter the full URL, for example {_EXAMPLE}")
    if text.startswith("["):
        return f"[{_ipv6(text[1:-1])}]"
    name = _ascii(text)
    if _is_number(name.rpartition(".")[2]):
        return _ipv4(name)
    _check_name(name)
    return name


def _ipv6(text: str) -> str:
    try:
        address = IPv6Address(text)
    except ValueError:
        raise _Unfit(f"[{text}] is not an IPv6 address") from None
    if address.scope_id is not None:
        raise _Unfit(f"[{text}] names a network interface of ours; leave out the % and the rest")
    return address.compressed


def _ascii(text: str) -> str:
    if text.isascii():
        return text.lower()
    try:
        return idna.encode(text, uts46=True, std3_rules=True).decode()
    except idna.IDNAError as error:
        raise _Unfit(f"host {text!r} is not a valid international name: {error}") from None


def _is_number(label: str) -> bool:
    return _NUMBER.fullmatch(label) is not None


def _ipv4(text: str) -> str:
    try:
        return str(IPv4Address(text))
    except ValueError:
        raise _Unfit(
            f"host {text!r} ends in a number but is no address; "
            "write a name, or an address as four decimal numbers such as 203.0.113.7"
        ) from None


def _check_name(name: str) -> None:
    if name.endswith("."):
        raise _Unfit(f"host {name!r} ends with a dot; write {name.rstrip('.')!r}")
    if len(name) > HOST_CHARS_MAX:
        raise _Unfit(f"host is {len(name)} characters long; at most {HOST_CHARS_MAX} are possible")
    for label in name.split("."):
        if _LABEL.fullmatch(label) is None:
            raise _Unfit(
                f"host {name!r} is not a valid name: {label!r} should be 1 to 63 letters, digits "
                "and inner hyphens"
            )
    if "." not in name and name != "localhost":
        raise _Unfit(f"host {name!r} has no domain; write the full name, as in {name}.example.com")
