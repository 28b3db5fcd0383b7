"""make upgrade: a cluster goes from an earlier version to this one, and back, without a pause.

Real processes of both versions on one PostgreSQL, under steady changes: `migrate` of the new one
while the old one runs, then each API and each worker is asked to end and replaced by one of the
new version; then one after the other by the old one again, as if somebody thought better of it.
Exits 1 when anything is lost, comes twice or is out of order. Names a revision, or takes FROM.
"""

import io
import subprocess
import sys
import tarfile
import time
from pathlib import Path

from bench.cluster import APIS, Cluster
from bench.load import Feeder, Told, came, order_breaks, settle
from bench.program import Process, command, workshop

FROM = "4aaa069"
"""The earliest beside which a later one can run: migrations have only added since then."""
HERE = Path(__file__).parent.parent
EVENTS = 16_000
BETWEEN_S = 1.0


def main(words: list[str]) -> int:
    revision = words[0] if words else FROM
    with workshop() as directory:
        old = {"PYTHONPATH": str(_source(revision, directory / "old"))}
        cluster = Cluster(directory, **old)
        try:
            return _run(cluster, old, {"PYTHONPATH": str(HERE / "src")})
        finally:
            cluster.end()


def _source(revision: str, place: Path) -> Path:
    """The program as it was then."""
    given = subprocess.run(
        ["git", "archive", "--format=tar", revision, "src"],
        cwd=HERE,
        capture_output=True,
        check=True,
    )
    with tarfile.open(fileobj=io.BytesIO(given.stdout)) as archive:
        archive.extractall(place, filter="data")
    return place / "src"


def _run(cluster: Cluster, old: dict[str, str], new: dict[str, str]) -> int:
    cluster.start()
    told: dict[str, Told] = {}
    feeders = [Feeder(cluster, number, EVENTS, told) for number in range(APIS)]
    for one in feeders:
        one.start()
    print(command(cluster.apis[0].environment | new, "migrate"))
    _replace_all(cluster, new, "the new version", told)
    _replace_all(cluster, old, "the old version", told)
    _replace_all(cluster, new, "the new version", told)
    at_the_end = len(told)
    for one in feeders:
        one.join()
    settle(cluster)
    return _report(cluster, told, at_the_end)


def _replace_all(
    cluster: Cluster, version: dict[str, str], name: str, told: dict[str, Told]
) -> None:
    for process in [*cluster.apis, *(worker.process for worker in cluster.workers)]:
        time.sleep(BETWEEN_S)
        _replace(process, version)
    print(f"{name} runs everywhere at {len(told)} acknowledged", flush=True)


def _replace(process: Process, version: dict[str, str]) -> None:
    process.stop()
    process.environment |= version
    process.start()


def _report(cluster: Cluster, told: dict[str, Told], at_the_end: int) -> int:
    number, first = came(cluster)
    lost, duplicates = told.keys() - first.keys(), number - len(first)
    broken = order_breaks(told, first, cluster.ordered())
    print(f"acknowledged  {len(told)}, {at_the_end} of them before the last process was replaced")
    print(f"lost          {len(lost)}")
    print(f"duplicates    {duplicates}")
    print(f"order breaks  {broken} at ordered webhooks")
    return 1 if lost or duplicates or broken or len(told) != EVENTS else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
