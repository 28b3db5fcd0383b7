"""The URL of a mail server: smtp://user:password@host:587 or smtps://user:password@host:465."""

from dataclasses import dataclass, field
from typing import Self
from urllib.parse import unquote, urlsplit

PORTS = {"smtp": 587, "smtps": 465}
"""Submission (RFC 8314): with STARTTLS where it is offered, or with TLS from the start."""
EXAMPLE = "smtp://user:password@host:587"


@dataclass(frozen=True, slots=True)
class SmtpUrl:
    """A mail server. is_tls: whether the connection begins with TLS."""

    host: str
    port: int
    is_tls: bool
    user: str = ""
    password: str = field(default="", repr=False)

    @classmethod
    def parse(cls, url: str) -> Self:
        """The parts of a URL. ValueError, with a remedy and without secrets, if it is wrong."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise ValueError(f"give {EXAMPLE}; write special characters as %XX") from None
        if parts.scheme not in PORTS or not parts.hostname:
            raise ValueError(f"give {EXAMPLE} or smtps://...")
        if parts.path.strip("/") or parts.query or parts.fragment:
            raise ValueError(f"give {EXAMPLE} without a path; write special characters as %XX")
        if bool(parts.username) != bool(parts.password):
            raise ValueError(f"give user and password, or neither: {EXAMPLE}")
        return cls(
            parts.hostname,
            port or PORTS[parts.scheme],
            parts.scheme == "smtps",
            unquote(parts.username or ""),
            unquote(parts.password or ""),
        )
