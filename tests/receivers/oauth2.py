"""Starts the OAuth2 server and tells what it was asked."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.receivers.authority import Authority
from tests.receivers.receiver import HOST

PROGRAM = Path(__file__).with_name("oauth2_server.py")


class OAuth2Server:
    """A running server. asked: the path and status of each request."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._input, self._output = process.stdin, process.stdout
        self._asked: list[tuple[str, int]] = []
        self.port = int(self._output.readline())

    @property
    def token_url(self) -> str:
        return f"https://{HOST}:{self.port}/o/token/"

    @property
    def target(self) -> str:
        """Answers 201 to a valid token and 401 otherwise."""
        return f"https://{HOST}:{self.port}/in"

    def statuses(self, path: str) -> list[int]:
        """How requests to a path were answered since the last `forget`."""
        self._tell("what was asked?")
        return [status for asked, status in self._asked if asked == path]

    def revoke(self) -> None:
        """Take back every token."""
        self._tell("revoke")

    def forget(self) -> None:
        """Forget what was asked so far."""
        self._tell("forget")
        self._asked.clear()

    def _tell(self, line: str) -> None:
        self._input.write(line + "\n")
        self._input.flush()
        while (told := self._output.readline().strip()) != "done":
            request = json.loads(told)
            self._asked.append((request["path"], request["status"]))


@contextmanager
def oauth2_server(authority: Authority, folder: Path) -> Iterator[OAuth2Server]:
    pem = authority.write_pair(folder, HOST)
    with subprocess.Popen(
        [sys.executable, PROGRAM, folder, pem],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield OAuth2Server(process)
        finally:
            process.terminate()
