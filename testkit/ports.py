"""Free TCP ports on loopback."""

import secrets
import socket

PORTS = range(10_000, 32_000)
"""Below the ports that the system hands out, so that no outgoing connection takes one first."""
TRIES = 1000


def free_port(together: int = 1) -> int:
    """The first of `together` consecutive ports that nobody listens on."""
    for _ in range(TRIES):
        first = secrets.choice(PORTS)
        try:
            for port in range(first, first + together):
                socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        return first
    raise SystemExit(f"no {together} free ports in a row were found")
