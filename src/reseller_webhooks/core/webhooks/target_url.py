"""A target: the URL a webhook names. Owns which URLs may be one, and the form they are kept in.

The rules are stricter than RFC 3986, so that no two programs can read one URL differently.
"""

import re
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import quote

import idna

from reseller_webhooks.core.errors import Invalid
from reseller_webhooks.core.messages import Message
from reseller_webhooks.core.messages.targets import (
    HOST_ENDS_WITH_DOT,
    HOST_INVALID,
    HOST_LIKE_NUMBER,
    HOST_MISSING,
    HOST_NOT_INTERNATIONAL,
    HOST_TOO_LONG,
    HOST_WITHOUT_DOMAIN,
    IPV6_INVALID,
    IPV6_WITH_ZONE,
    PORT_TOO_HIGH,
    PORT_ZERO,
    URL_AUTHORITY_INVALID,
    URL_CHARACTER_UNSEEN,
    URL_EMPTY,
    URL_OTHER_SCHEME,
    URL_TOO_LONG,
    URL_WITH_FRAGMENT,
    URL_WITH_USER,
    URL_WITHOUT_SCHEME,
)
from reseller_webhooks.core.webhooks.ip_policy import TargetNetworks, is_public, refusal

URL_CHARS_MAX = 2048
"""Length that every proxy, log and browser accepts."""
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
        raise Invalid.at(pointer, why.message) from None


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
    """A text that cannot be a target. Its message never quotes all of it: it may hold a
    password."""

    def __init__(self, message: Message) -> None:
        self.message = message
        super().__init__(message)


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
        raise _Unfit(URL_EMPTY(example=_EXAMPLE))
    _check_length(text)
    for place, char in enumerate(text, start=1):
        if char.isspace() or not char.isprintable():
            raise _Unfit(URL_CHARACTER_UNSEEN(place=place))
    if "#" in text:
        raise _Unfit(URL_WITH_FRAGMENT())


def _check_length(text: str) -> None:
    if len(text) > URL_CHARS_MAX:
        raise _Unfit(URL_TOO_LONG(length=len(text), most=URL_CHARS_MAX))


def _not_https(text: str) -> Message:
    scheme, colon, _ = text.partition("://")
    if colon and scheme.isalpha():
        return URL_OTHER_SCHEME(scheme=scheme[:20])
    return URL_WITHOUT_SCHEME(example=_EXAMPLE)


def _authority(text: str) -> str:
    if "@" in text:
        raise _Unfit(URL_WITH_USER())
    match = _AUTHORITY.fullmatch(text)
    if match is None:
        raise _Unfit(URL_AUTHORITY_INVALID(text=text))
    return _host(match["host"]) + _port(match["port"] or "")


def _port(digits: str) -> str:
    if not digits.strip("0"):
        return _no_port(digits)
    number = int(digits[:6])
    if len(digits) > 5 or number > 65535:
        raise _Unfit(PORT_TOO_HIGH(port=digits[:20]))
    return "" if number == 443 else f":{number}"


def _no_port(digits: str) -> str:
    if digits:
        raise _Unfit(PORT_ZERO())
    return ""


def _host(text: str) -> str:
    if not text:
        raise _Unfit(HOST_MISSING(example=_EXAMPLE))
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
        raise _Unfit(IPV6_INVALID(address=text)) from None
    if address.scope_id is not None:
        raise _Unfit(IPV6_WITH_ZONE(address=text))
    return address.compressed


def _ascii(text: str) -> str:
    if text.isascii():
        return text.lower()
    try:
        return idna.encode(text, uts46=True, std3_rules=True).decode()
    except idna.IDNAError as error:
        raise _Unfit(HOST_NOT_INTERNATIONAL(host=text, why=str(error))) from None


def _is_number(label: str) -> bool:
    return _NUMBER.fullmatch(label) is not None


def _ipv4(text: str) -> str:
    try:
        return str(IPv4Address(text))
    except ValueError:
        raise _Unfit(HOST_LIKE_NUMBER(host=text)) from None


def _check_name(name: str) -> None:
    if name.endswith("."):
        raise _Unfit(HOST_ENDS_WITH_DOT(host=name, right=name.rstrip(".")))
    if len(name) > HOST_CHARS_MAX:
        raise _Unfit(HOST_TOO_LONG(length=len(name), most=HOST_CHARS_MAX))
    for label in name.split("."):
        if _LABEL.fullmatch(label) is None:
            raise _Unfit(HOST_INVALID(host=name, label=label))
    if "." not in name and name != "localhost":
        raise _Unfit(HOST_WITHOUT_DOMAIN(host=name, right=f"{name}.example.com"))
