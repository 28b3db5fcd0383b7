"""The receiver's process, as a drill talks to it."""

import subprocess
import sys
from pathlib import Path

from chaos.evidence import Received, read_log


class ReceiverProcess:
    """chaos/receiver.py in a process of its own, on every address of this machine."""

    def __init__(self, directory: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("receiver.py")), str(directory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.port = int(self._read())
        self.url = f"https://127.0.0.1:{self.port}"
        self._log = Path(self._ask("log"))

    def answer(self, path: str, status: int, delay_s: float = 0.0) -> None:
        """Answer requests to a path like this from now on."""
        self._ask(f"answer {path} {status} {delay_s}")

    def log(self) -> Path:
        """The log, with every request answered so far."""
        self._ask("log")
        return self._log

    def count(self) -> int:
        """Requests answered so far."""
        return len(self.received())

    def received(self) -> list[Received]:
        """Every request answered so far, in the sequence of arrival."""
        return read_log(self.log())

    def times(self) -> list[tuple[str, int]]:
        """Event and time of arrival of each request, in sequence."""
        return [(one.event, one.started) for one in self.received()]

    def end(self) -> None:
        self._process.kill()
        self._process.wait()

    def _ask(self, order: str) -> str:
        assert self._process.stdin
        self._process.stdin.write(order + "\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> str:
        assert self._process.stdout
        return self._process.stdout.readline().strip()
