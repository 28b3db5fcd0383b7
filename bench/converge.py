"""make converge: break everything between the platform and a mirror, then prove them equal.

Random changes of all types go through a proxy that drops, delays, doubles and reorders, while the
sending program and the mirror are killed with kill -9, and the mirror's database is put back to an
old copy. Exits 1 unless digests and contents are equal in the end.
"""

import argparse
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx

from bench.faults import FaultProxy
from bench.program import Server, workshop
from reseller_mirror.program import Sides, verify
from reseller_mirror.reconcile import Difference
from reseller_webhooks.core.enums import Resource
from reseller_webhooks.core.records.examples import CONTENTS
from testkit.ports import free_port

WITHIN_S = 600
SCHEDULE = "1,1,2,2,4,4,8,8,8,8"
ASSIGNMENTS = ["ACTIVE", "PENDING_REMOTE_CANCELLATION", "FAILED"]


class MirrorProcess:
    """`reseller-webhooks mirror` on an SQLite file that outlives it."""

    def __init__(
        self,
        directory: Path,
        server: Server,
        secrets: list[str],
        *,
        name: str = "mirror",
        every_s: int = 3,
        pulls: bool = False,
    ) -> None:
        self.file, self.copy = directory / f"{name}.db", directory / f"old-{name}.db"
        self._directory, self._server, self.port = directory, server, free_port()
        self._every_s = every_s
        self._pulls = pulls
        self._environment = os.environ | {
            "RESELLER_MIRROR_KEY": server.command(
                "api-keys", "add", "--reseller", server.reseller, "--read-only"
            ),
        }
        self.trust(secrets)
        self._process: subprocess.Popen[bytes] | None = None

    def trust(self, secrets: list[str]) -> None:
        """Take notifications that are signed with one of these."""
        self._environment["RESELLER_MIRROR_SECRETS"] = " ".join(secrets)

    def start(self) -> None:
        pem = str(self._directory / "server.pem")
        words = ["--port", str(self.port), "--certificate", pem, "--every", str(self._every_s)]
        words += ["--pull"] if self._pulls else []
        self._process = subprocess.Popen(
            self._words(*words), env=self._environment, stderr=subprocess.DEVNULL
        )

    def kill(self) -> None:
        if self._process:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()

    def verify(self) -> tuple[bool, str]:
        done = subprocess.run(
            self._words("--verify"),
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode == 0, done.stdout + done.stderr

    def differences(self) -> list[Difference]:
        """Differences by type, compared in this process, which is quicker than a command."""
        key = self._environment["RESELLER_MIRROR_KEY"]
        sides = Sides(f"sqlite:///{self.file}", self._server.url, key)
        return [one for one in verify(sides) if not one.equal]

    def keep_a_copy(self) -> None:
        with sqlite3.connect(self.file) as one, sqlite3.connect(self.copy) as other:
            one.backup(other)

    def restore_the_copy(self) -> None:
        self.kill()
        for end in ("-wal", "-shm"):
            Path(f"{self.file}{end}").unlink(missing_ok=True)
        self.copy.replace(self.file)
        self.start()

    def _words(self, *words: str) -> list[str]:
        url = str(self._server.api.base_url)
        given = ["--source", url, "--database", f"sqlite:///{self.file}", *words]
        return [sys.executable, "-m", "reseller_webhooks", "mirror", *given]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--changes", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with workshop() as directory:
        server = Server(directory, RESELLER_WEBHOOKS_RETRY_SCHEDULE=SCHEDULE)
        server.start()
        port = free_port()
        proxy = FaultProxy(directory, f"https://127.0.0.1:{port}/", given.seed)
        secrets = [
            server.add_webhook(proxy.url, resource=one.value, maxInFlight=32)["signingSecret"]
            for one in Resource
        ]
        mirror = MirrorProcess(directory, server, secrets)
        mirror.port = port
        # It never compares by itself, so only the feed keeps it equal.
        puller = MirrorProcess(directory, server, [], name="puller", every_s=10**6, pulls=True)
        mirrors = [mirror, puller]
        for one in mirrors:
            one.start()
        try:
            return _run(server, mirrors, proxy, given.changes, random.Random(given.seed))  # noqa: S311
        finally:
            server.kill()
            for one in mirrors:
                one.kill()


def _run(
    server: Server,
    mirrors: list[MirrorProcess],
    proxy: FaultProxy,
    count: int,
    chance: random.Random,
) -> int:
    mirror, puller = mirrors
    step = max(1, count // 10)
    plan = {
        2 * step: [server.kill, server.start],
        3 * step: [mirror.keep_a_copy],
        4 * step: [mirror.kill, mirror.start, puller.kill, puller.start],
        5 * step: [server.kill, server.start],
        6 * step: [mirror.restore_the_copy],
        7 * step: [mirror.kill, mirror.start, puller.kill, puller.start],
        8 * step: [server.kill, server.start],
    }
    began, done = time.monotonic(), 0
    while done < count:
        size = min(100, count - done)
        some = [random_change(server, chance, count) for _ in range(size)]
        change_until_answered(server, some, str(done))
        done += size
        for at in [at for at in plan if at <= done]:
            for act in plan.pop(at):
                act()
    fed = time.monotonic()
    equal, words = _until_equal(server, mirror, proxy, began + WITHIN_S)
    pulled, pulled_words = _until_equal(server, puller, proxy, began + WITHIN_S)
    print(f"changes             {count}, made in {fed - began:.0f} s")
    print(f"notifications       {proxy.counts['received']}")
    for fault in ("dropped", "failed", "delayed", "doubled", "reordered"):
        print(f"  {fault:17} {proxy.counts[fault]}")
    print("kill -9             3 of the sender, 3 of the mirror, once with an old database")
    print(words.strip())
    print(f"equal               {'yes, lost 0' if equal else 'NO'}")
    print(f"equal by the feed   {'yes, lost 0' if pulled else 'NO: ' + pulled_words}")
    print(f"converged           {time.monotonic() - fed:.1f} s after the last change")
    return 0 if equal and pulled else 1


def _until_equal(
    server: Server, mirror: MirrorProcess, proxy: FaultProxy, deadline: float
) -> tuple[bool, str]:
    query = {"state": "PENDING", "limit": "1", "reseller": server.reseller}
    while time.monotonic() < deadline:
        pending = server.api.get("/api/v1/deliveries", params=query).json()["items"]
        if not pending and proxy.idle():
            break
        time.sleep(0.2)
    equal, words = mirror.verify()
    while not equal and time.monotonic() < deadline:
        equal, words = mirror.verify()
    return equal, words


def change_until_answered(server: Server, some: list[dict[str, Any]], key: str) -> None:
    """Until it is answered, under the same key."""
    while True:
        try:
            server.change(some, key=f"converge-{key}")
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return


def random_change(server: Server, chance: random.Random, count: int) -> dict[str, Any]:
    resource, number = chance.choice(list(Resource)), chance.randrange(1, max(20, count // 60))
    numbered = resource in (Resource.ORDER, Resource.INVOICE)
    uuid = str(number) if numbered else f"00000000-0000-4000-8000-{number:012}"
    named = {"reseller": server.reseller, "type": resource.value, "uuid": uuid}
    if chance.random() < 0.1:
        return named | {"removed": True}
    return named | {"content": _content(resource, uuid, chance)}


def _content(resource: Resource, uuid: str, chance: random.Random) -> dict[str, Any]:
    value = chance.randrange(1, 10**6)
    changing: dict[Resource, dict[str, Any]] = {
        Resource.COMPANY: {"name": f"Company {value}"},
        Resource.INVOICE: {"total": value},
        Resource.LEAD: {"notes": f"Note {value}"},
        Resource.ORDER: {"totalPrice": value / 100},
        Resource.SUBSCRIPTION: {"assignedUsers": value},
        Resource.APP_ASSIGNMENT: {
            "status": chance.choice(ASSIGNMENTS),
            "user": {"uuid": uuid, "email": f"{value}@example.com"},
        },
    }
    return {**CONTENTS[resource][1], **changing[resource]}


if __name__ == "__main__":
    sys.exit(main())
