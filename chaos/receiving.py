"""The receiver's process, as a drill talks to it."""

from pathlib import Path

from bench.program import Receiver
from chaos.evidence import Received, parse_line


class LoggingReceiver(Receiver):
    """chaos/receiver.py in a process of its own, on every address of this machine."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory, "chaos.receiver")
        self._log = Path(self.ask("log"))
        self._read_bytes = 0
        self._received: list[Received] = []

    def answer(self, path: str, status: int, delay_s: float = 0.0) -> None:
        """Answer requests to a path like this from now on."""
        self.ask(f"answer {path} {status} {delay_s}")

    def renew_certificate(self) -> None:
        """Read server.pem again, for new connections, and close those that are open."""
        self.ask("certificate")

    def received(self) -> list[Received]:
        """Every request answered so far, in the sequence of arrival."""
        self.ask("log")  # which flushes it
        with self._log.open("rb") as log:
            log.seek(self._read_bytes)
            new = log.read()
        self._read_bytes += len(new)
        self._received += map(parse_line, new.splitlines())
        self._received.sort(key=lambda one: one.started)
        return list(self._received)

    def count(self) -> int:
        """Requests answered so far."""
        return len(self.received())

    def times(self) -> list[tuple[str, int]]:
        """Event and time of arrival of each request, in sequence."""
        return [(one.event, one.started) for one in self.received()]
