"""make converge, second part: the store is restored from an old copy, twice, and all end equal.

Random changes of all types go to two receivers: a mirror that reconciles, through a proxy that
drops, delays, doubles and reorders; and one that only applies what is newer, through a proxy that
does the same but never drops. Twice the store is killed and put back to the same copy: the first
time it notices by itself, the second time `restored --backfill` says so. Then the platform feeds
again what it has changed since the copy, half of it as it was in the end, half as at the copy.
Exits 1 unless both receivers end with the store's digests and contents.
"""

import argparse
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy.engine import make_url

from bench.converge import MirrorProcess, change_until_answered, random_change
from bench.faults import FAULTS, FaultProxy
from bench.program import Server, workshop
from reseller_mirror.program import told
from reseller_webhooks.core.enums import Resource
from testkit import postgres

WITHIN_S = 300
SCHEDULE = "1,1,2,2,4,4,8,8,8,8"
KEYS = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
A_REQUEST = 50
PAGE = 500
"""Deliveries that one page of the API holds."""
NEVER_S = 10**6
DROPS_NOTHING = {fault: chance for fault, chance in FAULTS.items() if fault != "dropped"}

Change = dict[str, Any]
Key = tuple[str, str]


class Store(Protocol):
    """A store that can be put back to a copy."""

    url: str

    def keep_a_copy(self, server: Server) -> None:
        """While the program runs."""

    def restore_the_copy(self) -> None:
        """While it does not."""


class SqliteStore:
    """A file. The copy is made with `backup`."""

    def __init__(self, directory: Path) -> None:
        self._file, self._copy = directory / "store.db", directory / "store-copy.db"
        self.url = f"sqlite:///{self._file}"

    def keep_a_copy(self, server: Server) -> None:
        server.command("backup", str(self._copy))

    def restore_the_copy(self) -> None:
        for end in ("-wal", "-shm"):
            Path(f"{self._file}{end}").unlink(missing_ok=True)
        self._file.write_bytes(self._copy.read_bytes())


class PostgresStore:
    """A database of a server. The copy is a dump, and is put into a database of the same name."""

    def __init__(self, directory: Path, server: postgres.Postgres) -> None:
        self._dump, self._server = directory / "store.dump", server
        self.url = make_url(server.url).set(database="store").render_as_string(False)
        server.run("CREATE DATABASE store")

    def keep_a_copy(self, server: Server) -> None:  # noqa: ARG002 - its own tools
        self._call("pg_dump", "--format=custom", "--file", str(self._dump), self.url)

    def restore_the_copy(self) -> None:
        self._server.run("DROP DATABASE store WITH (FORCE)")
        self._server.run("CREATE DATABASE store")
        self._call("pg_restore", "--exit-on-error", "--dbname", self.url, str(self._dump))

    def _call(self, name: str, *words: str) -> None:
        subprocess.run([str(postgres.BIN / name), *words], check=True, timeout=120)


class Platform:
    """Feeds changes, and knows what it fed since the copy."""

    def __init__(self, server: Server, chance: random.Random, count: int) -> None:
        self._server, self._chance, self._count = server, chance, count
        self._state: dict[Key, Change] = {}
        self._at_the_copy: dict[Key, Change] = {}
        self._fed = 0

    def feed(self, count: int) -> None:
        """Random changes."""
        self._send([random_change(self._server, self._chance, self._count) for _ in range(count)])

    def remember(self) -> None:
        """The store is copied now."""
        self._at_the_copy = dict(self._state)

    def feed_again(self) -> int:
        """Feed what has changed since the copy; returns the number of records."""
        changed = [key for key, one in self._state.items() if self._at_the_copy.get(key) != one]
        again = [self._as_told_again(key) for key in changed]
        self._state = dict(self._at_the_copy)
        self._send(again)
        return len(again)

    def _as_told_again(self, key: Key) -> Change:
        """Half of the records are lost at the platform too: it has them as they were before."""
        if self._chance.random() < 0.5:
            return self._state[key]
        resource, uuid = key
        gone = {"reseller": self._server.reseller, "type": resource, "uuid": uuid, "removed": True}
        return self._at_the_copy.get(key, gone)

    def _send(self, some: list[Change]) -> None:
        for start in range(0, len(some), A_REQUEST):
            part = some[start : start + A_REQUEST]
            self._fed += 1
            change_until_answered(self._server, part, str(self._fed))
            self._state |= {(one["type"], one["uuid"]): one for one in part}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--changes", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--on", choices=["sqlite", "postgres", "both"], default="both")
    given = parser.parse_args()
    kinds = ["sqlite", "postgres"] if given.on == "both" else [given.on]
    return max(_run(kind, given.changes, given.seed) for kind in kinds)


def _run(kind: str, count: int, seed: int) -> int:
    with workshop() as directory, _store(kind, directory) as store:
        settings = {
            "RESELLER_WEBHOOKS_RETRY_SCHEDULE": SCHEDULE,
            "RESELLER_WEBHOOKS_DATABASE": store.url,
            "RESELLER_WEBHOOKS_SECRET_KEYS": KEYS,
        }
        server = Server(directory, **settings)
        server.start()
        receivers = [
            _receiver(directory, server, "mirror", every_s=3, faults=FAULTS, seed=seed),
            _receiver(directory, server, "rule", every_s=NEVER_S, faults=DROPS_NOTHING, seed=seed),
        ]
        platform = Platform(server, random.Random(seed), count)  # noqa: S311
        try:
            _feed_and_restore(server, store, platform, count // 10)
            return _verdict(kind, count, server, receivers)
        finally:
            server.kill()
            for one, _ in receivers:
                one.kill()


@contextmanager
def _store(kind: str, directory: Path) -> Iterator[Store]:
    if kind == "sqlite":
        yield SqliteStore(directory)
        return
    with postgres.postgres(fsync="off") as server:
        yield PostgresStore(directory, server)


def _receiver(
    directory: Path, server: Server, name: str, *, every_s: int, faults: dict[str, float], seed: int
) -> tuple[MirrorProcess, FaultProxy]:
    one = MirrorProcess(directory, server, [], name=name, every_s=every_s)
    proxy = FaultProxy(directory, f"https://127.0.0.1:{one.port}/", seed, faults)
    secrets = [
        server.add_webhook(proxy.url, resource=each.value, maxInFlight=16)["signingSecret"]
        for each in Resource
    ]
    one.trust(secrets)
    one.start()
    return one, proxy


def _feed_and_restore(server: Server, store: Store, platform: Platform, step: int) -> None:
    platform.feed(4 * step)
    store.keep_a_copy(server)
    platform.remember()
    for says_so in (False, True):
        platform.feed(2 * step)
        _wait(lambda: _pending(server) < min(step, PAGE))
        server.kill()
        store.restore_the_copy()
        if says_so:
            print(server.command("restored", "--backfill"))
        server.start()
        print(f"restored, {platform.feed_again()} records fed again", flush=True)
    platform.feed(2 * step)


def _verdict(
    kind: str, count: int, server: Server, receivers: list[tuple[MirrorProcess, FaultProxy]]
) -> int:
    _wait(lambda: not _pending(server) and all(proxy.idle() for _, proxy in receivers))
    equal = _wait(lambda: all(not one.differences() for one, _ in receivers))
    print(f"store               {kind}, {count} changes, restored twice from one copy")
    for name, (one, _) in zip(("mirror", "newer only"), receivers, strict=True):
        print(f"{name:19} {'; '.join(map(told, one.differences())) or 'equal, lost 0'}")
    return 0 if equal else 1


def _pending(server: Server) -> int:
    query = {"state": "PENDING", "limit": str(PAGE), "reseller": server.reseller}
    return len(server.api.get("/api/v1/deliveries", params=query).json()["items"])


def _wait(asked: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + WITHIN_S
    while not (found := asked()) and time.monotonic() < deadline:
        time.sleep(0.2)
    return found


if __name__ == "__main__":
    sys.exit(main())
