"""Packets that vanish on loopback: rules of iptables, which only root may set."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from testkit.processes import program


@contextmanager
def dropping(*matches: str) -> Iterator[Callable[[], None]]:
    """Yields what drops TCP packets from then on, until the block ends.

    matches: words of iptables each, such as "--dport 5432".
    """
    rules = [["INPUT", "-i", "lo", "-p", "tcp", *match.split(), "-j", "DROP"] for match in matches]

    def drop() -> None:
        for rule in rules:
            subprocess.run([program("iptables"), "-I", *rule], check=True)

    try:
        yield drop
    finally:
        for rule in rules:
            subprocess.run([program("iptables"), "-D", *rule], check=False, capture_output=True)
