"""Debian's HAProxy in TCP mode in front of servers, one of which gets the connections."""

import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from testkit.ports import free_port
from testkit.processes import Server, directory, give, program, wait_until

CONFIG = """\
global
  stats socket {control} mode 600 level admin
defaults
  mode tcp
  timeout connect 5s
  timeout client 1h
  timeout server 1h
frontend database
  bind 127.0.0.1:{port}
  default_backend servers
backend servers
"""
ANSWER_BYTES = 65536


class HAProxy(Server):
    """One HAProxy on 127.0.0.1:port."""

    def __init__(self, config: Path, control: Path, port: int, count: int) -> None:
        self.port = port
        self._control, self._count = control, count
        words = [program("haproxy"), "-db", "-f", str(config)]
        super().__init__(words, config.with_suffix(".log"))

    def start(self) -> None:
        """Start, and wait until it listens."""
        self.spawn()
        wait_until(self._listens, f"HAProxy listens; see {self.log}")

    def switch(self, chosen: int, *, cut: bool = True) -> None:
        """Lead new connections to a server, by its position. cut: end those to the others."""
        self._ask(f"set server servers/s{chosen} state ready")
        for number in set(range(self._count)) - {chosen}:
            self._ask(f"set server servers/s{number} state maint")
            if cut:
                self._ask(f"shutdown sessions server servers/s{number}")

    def _ask(self, order: str) -> str:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as control:
            control.connect(str(self._control))
            control.sendall(order.encode() + b"\n")
            answer = control.recv(ANSWER_BYTES).decode().strip()
        if answer:
            raise RuntimeError(f"HAProxy answered {order!r} with {answer!r}")
        return answer

    def _listens(self) -> bool:
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port)).close()
            return self._control.exists()
        return False


@contextmanager
def haproxy(addresses: Sequence[str]) -> Iterator[HAProxy]:
    """An HAProxy that leads to the first of some host:port; `switch` leads to another one."""
    port = free_port()
    with directory("haproxy") as place:
        config = place / "haproxy.cfg"
        lines = [f"  server s{n} {a}{' disabled' * (n > 0)}\n" for n, a in enumerate(addresses)]
        config.write_text(CONFIG.format(control=place / "control", port=port) + "".join(lines))
        give(config)
        server = HAProxy(config, place / "control", port, len(addresses))
        try:
            server.start()
            yield server
        finally:
            server.kill()
