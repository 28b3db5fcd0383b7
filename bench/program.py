"""The program as a child process, its receiver as another, and the few calls the benches need."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import httpx
import psutil
import trustme

from testkit.ports import free_port

START_WITHIN_S = 120
PORTS_OF_A_SERVER = 3
"""Its own, and those at which two workers tell their metrics."""


class Receiver:
    """A receiver in a process of its own. module: a program that prints its port."""

    def __init__(self, directory: Path, module: str = "bench.receiver") -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, str(directory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.port = int(self._line())
        self.url = f"https://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def ask(self, order: str) -> str:
        """One line to it, one line back."""
        assert self._process.stdin
        self._process.stdin.write(order + "\n")
        self._process.stdin.flush()
        return self._line()

    def count(self) -> int:
        """Notifications so far."""
        return int(self.ask("count"))

    def times(self) -> list[tuple[str, int]]:
        """webhook-id and the time of its receipt in microseconds, in sequence."""
        lines = Path(self.ask("times")).read_text().splitlines()
        return [(one, int(at)) for one, at in (line.split() for line in lines)]

    def end(self) -> None:
        self._process.kill()
        self._process.wait()

    def _line(self) -> str:
        assert self._process.stdout
        return self._process.stdout.readline().strip()


class Process:
    """One `reseller-webhooks serve`, which can be started again after whatever was done to it."""

    def __init__(
        self,
        environment: dict[str, str],
        *words: str,
        log: Path | None = None,
        host: str = "127.0.0.1",
    ) -> None:
        self.port = free_port(PORTS_OF_A_SERVER)
        self.url = f"http://{f'[{host}]' if ':' in host else host}:{self.port}"
        self._words = ["serve", "--host", host, "--port", str(self.port), *words]
        self.environment = environment
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and return once it answers."""
        self.spawn()
        self.wait()

    def spawn(self) -> None:
        """Start; it may not answer yet."""
        with (self._log or Path(os.devnull)).open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "reseller_webhooks", *self._words],
                env=self.environment,
                stderr=log if self._log or "QUIET" in os.environ else None,
            )

    def wait(self) -> None:
        """Return once it answers."""
        deadline = time.monotonic() + START_WITHIN_S
        while time.monotonic() < deadline:
            try:
                if httpx.get(f"{self.url}/readyz").is_success:
                    return
            except httpx.TransportError:
                time.sleep(0.05)
        raise SystemExit("the program did not start")

    def kill(self) -> None:
        """kill -9."""
        if self._process:
            self.signal(signal.SIGKILL)
            self._process.wait()

    def stop(self) -> None:
        """SIGTERM, and wait."""
        if self._process:
            self._process.terminate()
            self._process.wait(30)

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        if self._process:
            self._process.send_signal(number)

    @property
    def process(self) -> psutil.Process:
        """For its CPU time and memory."""
        assert self._process
        return psutil.Process(self._process.pid)


def command(environment: dict[str, str], *words: str) -> str:
    """What a command prints."""
    done = subprocess.run(
        [sys.executable, "-m", "reseller_webhooks", *words],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(words)}: {done.stderr.strip()}")
    return done.stdout.strip()


class Server:
    """`reseller-webhooks serve` on a data directory that outlives it."""

    def __init__(self, directory: Path, *words: str, **settings: str) -> None:
        self.directory = directory
        self.environment = os.environ | {
            "RESELLER_WEBHOOKS_DATABASE": f"sqlite:///{directory}/bench.db",
            "RESELLER_WEBHOOKS_ALLOW_TARGETS": "127.0.0.0/8",
            "RESELLER_WEBHOOKS_CA_FILE": str(directory / "ca.pem"),
            **settings,
        }
        self.reseller = self.command("resellers", "add", "Bench")
        key = self.command("api-keys", "add", "--scope", "platform")
        self._process = Process(self.environment, *words)
        self.url, self.port = self._process.url, self._process.port
        self.api = httpx.Client(
            base_url=self._process.url,
            headers={"authorization": f"Bearer {key}"},
            timeout=60,
        )

    def command(self, *words: str) -> str:
        """What a command prints."""
        return command(self.environment, *words)

    def start(self) -> None:
        """Start, and return once it answers."""
        self._process.start()

    def kill(self) -> None:
        """kill -9."""
        self._process.kill()

    def stop(self) -> None:
        """SIGTERM, and wait."""
        self._process.stop()

    @property
    def process(self) -> psutil.Process:
        """For its children, CPU time and memory."""
        return self._process.process

    def cpu_s(self) -> float:
        """CPU seconds used so far, its workers' too."""
        some = [self.process, *self.process.children(recursive=True)]
        return float(sum(sum(one.cpu_times()[:2]) for one in some))

    def rss_mb(self) -> float:
        """Resident memory."""
        return float(self._process.process.memory_info().rss / 2**20)

    def peak_mb(self) -> float:
        """The most resident memory of each of its processes so far, together."""
        some = [self.process, *self.process.children(recursive=True)]
        return sum(_peak_kb(one.pid) for one in some) / 1024

    def add_webhook(self, url: str, reseller: str = "", **given: Any) -> dict[str, Any]:
        """Of the bench's reseller, or of another one."""
        body = {
            "url": url,
            "resource": "COMPANY",
            "actions": ["ADDED", "CHANGED", "REMOVED"],
            "auth": {"type": "NONE"},
        }
        of = {"reseller": reseller or self.reseller}
        answer = self.api.post("/api/v1/webhooks", params=of, json=body | given)
        answer.raise_for_status()
        return dict(answer.json())

    def order(self, webhook: str, what: str) -> None:
        """pause or resume."""
        path = f"/api/v1/webhooks/{webhook}/{what}"
        self.api.post(path, params={"reseller": self.reseller}).raise_for_status()

    def company(self, number: int, name: str) -> dict[str, Any]:
        """One change, with a content of about 1.5 KB, the size of a captured notification."""
        uuid = f"c-{number}"
        content = {"name": name, "website": "w" * 900}
        return {"reseller": self.reseller, "type": "COMPANY", "uuid": uuid, "content": content}

    def change(self, some: list[dict[str, Any]], key: str | None = None) -> list[dict[str, Any]]:
        headers = {"idempotency-key": key} if key else {}
        answer = self.api.post("/api/v1/changes", json={"changes": some}, headers=headers)
        answer.raise_for_status()
        return list(answer.json()["results"])


def _peak_kb(pid: int) -> int:
    (peak,) = re.findall(r"^VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.M)
    return int(peak)


@contextmanager
def workshop(*addresses: str) -> Iterator[Path]:
    """A directory with a certificate for 127.0.0.1, and others, and the authority to trust."""
    with tempfile.TemporaryDirectory(prefix="reseller-webhooks-bench-") as name:
        issue(Path(name), *addresses)
        yield Path(name)


def issue(directory: Path, *addresses: str) -> None:
    """Put server.pem, of a new authority, and the authority's ca.pem into a directory."""
    authority = trustme.CA()
    pair = authority.issue_cert("127.0.0.1", *addresses).private_key_and_cert_chain_pem
    pair.write_to_path(str(directory / "server.pem"))
    authority.cert_pem.write_to_path(str(directory / "ca.pem"))
