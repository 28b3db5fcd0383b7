"""Incidents of one PostgreSQL whose tables belong to another role than the one that serves."""

import time
from contextlib import suppress
from pathlib import Path

import httpx
import psycopg

from bench.program import issue
from chaos.feeder import now
from chaos.rig import FORBIDDEN, HOSTS, Rig
from reseller_webhooks.store.db.privileges import FUNCTIONS
from testkit.postgres import Postgres
from testkit.processes import wait_until
from testkit.roles import SERVICE, Roles, run
from testkit.small_disk import SmallDisk

PARTITIONS_WITHIN_S = 150.0
"""The maintenance job runs once a minute, and more seldom after a failure."""


def started_first(rig: Rig, server: Postgres) -> None:
    """Every process starts while PostgreSQL is down, and PostgreSQL 8 s after them."""
    with rig.incident("processes start before PostgreSQL", killed_worker=True, no_successor=True):
        processes = [*rig.apis, *rig.workers]
        for process in processes:
            process.kill()
        server.kill()
        for process in processes:
            process.spawn()
        time.sleep(8)
        server.start()
        for process in processes:
            process.wait()


def disk_filled(rig: Rig, server: Postgres, disk: SmallDisk) -> None:
    """PostgreSQL's disk is full for 10 s, which ends it; it is started once there is space."""
    with rig.incident("the database's disk is full for 10 s"):
        disk.fill()
        _write_until_refused(server)
        time.sleep(10)
        disk.free()
        if not server.running():
            server.start()
        wait_until(server.answers, "PostgreSQL takes connections")


def certificates_replaced(rig: Rig, directory: Path) -> None:
    """CA_FILE breaks for 5 s, then trusts another authority, as do the receivers from then on."""
    with rig.incident("CA_FILE breaks, then authority and receivers change") as incident:
        (directory / "ca.pem").write_text("not a certificate")
        time.sleep(5)
        issue(directory, FORBIDDEN, *HOSTS)
        rig.receiver.renew_certificate()
        incident.healed = now()


def rights_revoked(rig: Rig, roles: Roles) -> None:
    """The role may not create partitions, and tomorrow has none, until somebody grants it."""
    with rig.incident("the role loses the right to create partitions"):
        for function in FUNCTIONS:
            run(roles.owner, [f"REVOKE EXECUTE ON FUNCTION {function} FROM {SERVICE}"])
        run(roles.owner, _drops_of_coming_days(rig))
        wait_until(lambda: "right-missing" in _conditions(rig), "/readyz names the right")
        roles.grant()
        wait_until(
            lambda: not _conditions(rig) & {"right-missing", "partition-missing"},
            "tomorrow has its partitions again",
            PARTITIONS_WITHIN_S,
        )


def _write_until_refused(server: Postgres) -> None:
    """Use up the segments of the write-ahead log that are there already."""
    with suppress(psycopg.Error):
        while True:
            server.run("SELECT pg_logical_emit_message(false, 'drill', repeat('x', 1000000))")


def _drops_of_coming_days(rig: Rig) -> list[str]:
    partitions = rig.evidence.rows(
        "SELECT c.oid::regclass::text FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
        " WHERE i.inhparent IN ('event'::regclass, 'attempt'::regclass)"
        " AND c.relname ~ '_[0-9]{8}$'"
        " AND right(c.relname, 8) > to_char(now() AT TIME ZONE 'UTC', 'YYYYMMDD')"
    )
    return [f"DROP TABLE {name}" for (name,) in partitions]


def _conditions(rig: Rig) -> set[str]:
    answer = httpx.get(f"{rig.apis[0].url}/readyz", timeout=30)
    return {one["code"] for one in answer.json()["conditions"]}
