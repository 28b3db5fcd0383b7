"""URLs of databases. PostgreSQL: several hosts, libpq's parameters, and ours. SQLite: a file."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Self
from urllib.parse import unquote

from reseller_webhooks.core.libpq import DEFAULTS, KNOWN, NUMBERS, READ_WRITE, SESSIONS, SSL_MODES
from reseller_webhooks.core.text import truncate

SCHEMES = ("postgresql://", "postgres://")
EXAMPLE = "postgresql://user:password@host:5432/name"
ESCAPES = "in a user name or password write @ : / ? # % as %40 %3A %2F %3F %23 %25"
SQLITE = "sqlite:///"
SQLITE_EXAMPLE = "sqlite:///path/to/file.db"
PREPARE = "prepare_threshold"
PREPARE_AFTER = 5
"""Executions of a statement on one connection before the server keeps its plan; psycopg's own."""
DIGITS_MAX = 9


@dataclass(frozen=True, slots=True)
class PostgresUrl:
    """hosts: each with its port. prepare_after: executions before a statement is prepared on the
    server, None for never. prepare_is_given: whether the URL says so.
    """

    hosts: tuple[tuple[str, str], ...]
    parameters: Mapping[str, str]
    prepare_after: int | None
    prepare_is_given: bool

    @classmethod
    def parse(cls, url: str) -> Self:
        """The parts of a URL. ValueError, with a remedy and without secrets, if it is wrong."""
        scheme, _, rest = url.partition("://")
        if f"{scheme}://" not in SCHEMES:
            raise ValueError(f"give {EXAMPLE}")
        place, _, query = rest.partition("?")
        authority, _, name = place.partition("/")
        given = dict(_authority(authority)) | ({"dbname": _plain(name)} if name else {})
        given |= _query(query)
        prepare = given.pop(PREPARE, "")
        hosts = tuple(_hosts(given.pop("host", ""), given.pop("port", "")))
        _check(given)
        if len(hosts) > 1:
            given.setdefault("target_session_attrs", READ_WRITE)
        return cls(hosts, {**DEFAULTS, **given}, _prepare_after(prepare), bool(prepare))

    def conninfo(self, first: int = 0) -> dict[str, str]:
        """libpq's parameters; first: the position of the host to begin with."""
        hosts = self.hosts[first:] + self.hosts[:first]
        places = {"host": ",".join(host for host, _ in hosts)}
        places["port"] = ",".join(port for _, port in hosts)
        return {name: value for name, value in places.items() if value.strip(",")} | dict(
            self.parameters
        )


def check_sqlite(url: str) -> None:
    """ValueError, with a remedy and without secrets, if a URL names no file of SQLite."""
    if not url.startswith(SQLITE):
        raise ValueError(f"give {SQLITE_EXAMPLE} or postgresql://user@host/name")
    path = url.removeprefix(SQLITE)
    if "?" in path:
        raise ValueError(f"a file of SQLite takes no parameters; give {SQLITE_EXAMPLE}")
    if not path or path.endswith("/") or path.startswith(":") or not path.isprintable():
        raise ValueError(f"the URL names no file; give {SQLITE_EXAMPLE}")


def _authority(authority: str) -> Iterator[tuple[str, str]]:
    who, at, where = authority.rpartition("@")
    if at:
        user, colon, password = who.partition(":")
        yield from [("user", _plain(user))] if user else []
        yield from [("password", _plain(password))] if colon and password else []
    if where:
        yield "host", _plain(where)


def _query(query: str) -> dict[str, str]:
    found: dict[str, str] = {}
    if "@" in query:
        raise ValueError(f"an @ stands behind the ?; {ESCAPES}")
    for pair in filter(None, query.split("&")):
        name, equals, value = pair.partition("=")
        if not equals:
            raise ValueError("after the ? give parameters as name=value, with & between them")
        if name not in KNOWN and name != PREPARE:
            raise ValueError(_unknown(name))
        # SQLAlchemy's way to name several hosts repeats the parameter.
        again = name in {"host", "port"} and name in found
        found[name] = f"{found[name]},{_plain(value)}" if again else _plain(value)
    return found


def _unknown(name: str) -> str:
    near = get_close_matches(name, [*KNOWN, PREPARE])
    hint = f"; did you mean {near[0]}?" if near else "; leave it out"
    return f"{name!r} is not a parameter of a PostgreSQL URL{hint}"


def _hosts(hosts: str, ports: str) -> Iterator[tuple[str, str]]:
    """Each host with its port, which stands behind it or in a list of its own."""
    named = [_host(one.strip()) for one in hosts.split(",")]
    apart = ports.split(",") if ports else [""]
    if len(apart) not in {1, len(named)}:
        raise ValueError(f"give one port for all {len(named)} hosts, or one for each")
    for number, (host, port) in enumerate(named):
        chosen = port or apart[number % len(apart)].strip()
        if chosen and not (chosen.isdecimal() and 0 < int(chosen[:6]) < 65536):
            raise ValueError(
                f"the port of host {number + 1} is not a number from 1 to 65535; "
                f"give {EXAMPLE}, and {ESCAPES}"
            )
        if len(named) > 1 and not host:
            raise ValueError(f"host {number + 1} of {len(named)} has no name; give host1,host2")
        yield host, chosen


def _host(text: str) -> tuple[str, str]:
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise ValueError("write an IPv6 address as [address]:port")
        return host, rest[1:]
    if text.startswith("/"):  # the directory of a Unix socket
        return text, ""
    host, _, port = text.partition(":")
    return host, port


def _is_number(text: str) -> bool:
    """True for a whole number of so few digits that it fits in 32 bits."""
    return text.isascii() and text.isdecimal() and len(text) <= DIGITS_MAX


def _check(given: Mapping[str, str]) -> None:
    number = (_is_number, f"a whole number of up to {DIGITS_MAX} digits")
    rules: dict[str, tuple[Callable[[str], bool], str]] = dict.fromkeys(NUMBERS, number)
    rules["target_session_attrs"] = (SESSIONS.__contains__, f"one of {', '.join(SESSIONS)}")
    rules["sslmode"] = (SSL_MODES.__contains__, f"one of {', '.join(SSL_MODES)}")
    for name, (fits, right) in rules.items():
        if name in given and not fits(given[name]):
            raise ValueError(f"{name} is {truncate(given[name])!r}; give {right}")


def _prepare_after(text: str) -> int | None:
    if not text:
        return PREPARE_AFTER
    if text != "none" and not _is_number(text):
        right = f"a whole number of up to {DIGITS_MAX} digits, or 0 for never"
        raise ValueError(f"{PREPARE} is {truncate(text)!r}; give {right}")
    return None if text == "none" else int(text) or None


def _plain(text: str) -> str:
    plain = unquote(text)
    if "\0" in plain:
        raise ValueError(f"the URL holds a NUL (%00); {ESCAPES}")
    return plain
