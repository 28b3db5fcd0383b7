"""A role that owns no table serves, with the rights that docs/operate.md prints."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from reseller_webhooks.clock import DAY
from reseller_webhooks.core.errors import Refused
from reseller_webhooks.core.health.conditions import ConditionCode
from reseller_webhooks.core.health.maintenance import MaintenanceJob
from reseller_webhooks.engine.jobs.maintenance import Maintenance
from reseller_webhooks.operations import maintenance, readiness
from reseller_webhooks.store.cluster.maintenance import statuses
from reseller_webhooks.store.db import day_partitions, migrate, privileges, startup
from reseller_webhooks.store.db.database import Database
from testkit.roles import SERVICE, Roles, run
from tests.store.factories import event as new_event
from tests.store.factories import reseller, told
from tests.store.test_day_partitions import on_day, partition_of

TABLES = {"event", "attempt"}
KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="


@pytest.fixture
def migrated(postgres: str) -> Iterator[Roles]:
    """The roles and the database that are printed, migrated by the owner."""
    roles = Roles(postgres)
    roles.create()
    owner = Database(roles.owner)
    migrate.upgrade(owner)
    owner.close()
    yield roles
    roles.drop()


@pytest.fixture
def granted(migrated: Roles) -> Iterator[Database]:
    """The store as the role sees it that serves, with the rights that are printed."""
    migrated.grant()
    one = Database(migrated.service)
    yield one
    one.close()


def test_a_role_with_the_printed_rights_serves_and_keeps_partitions(granted: Database) -> None:
    turned = maintenance.turn_day(granted)
    with granted.write() as tx:
        reseller(tx)
        (number,) = told(tx, new_event(reseller_id=1, changed_at=tx.now))
        later = on_day(tx, 100)
        placed = partition_of(tx, number)
        day_partitions.make(later)
        day_partitions.turn(later)
        dropped = sum(iter(lambda: day_partitions.drop(later, tx.now + DAY), 0))

    assert privileges.check(granted) == []
    assert turned == 2
    assert placed.startswith("event_2")
    assert dropped >= 2


async def test_every_job_succeeds_for_that_role(granted: Database) -> None:
    await Maintenance(granted, retention_days=90, schedule_s=60).run_once()

    with granted.read() as tx:
        assert {one.job for one in statuses(tx) if one.succeeded_at} == set(MaintenanceJob)


def test_a_role_without_rights_is_refused_with_what_it_lacks(migrated: Roles) -> None:
    run(migrated.owner, [f"GRANT SELECT ON alembic_version TO {SERVICE}"])
    one = Database(migrated.service)
    with pytest.raises(Refused, match=r"lacks DELETE on .* more; grant"):
        privileges.check(one)
    one.close()


def test_a_role_that_may_read_nothing_is_refused_at_once(migrated: Roles) -> None:
    one = Database(migrated.service)
    with pytest.raises(Refused) as at_start:
        startup.wait_for(one, lambda: migrate.check(one))
    with pytest.raises(Refused) as migrating:
        migrate.upgrade(one)
    one.close()

    assert "permission denied for table alembic_version" in str(at_start.value)
    assert str(at_start.value).endswith(privileges.REMEDY)
    assert str(migrating.value).endswith(privileges.OWNER_REMEDY)


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        ("serve --port 0", privileges.REMEDY),
        ("check", privileges.REMEDY),
        ("secrets reseal", privileges.REMEDY),
        ("migrate", privileges.OWNER_REMEDY),
        ("restored", privileges.OWNER_REMEDY),
    ],
)
def test_each_command_says_how_to_give_the_role_its_rights(
    migrated: Roles, tmp_path: Path, words: str, remedy: str
) -> None:
    given = {
        "RESELLER_WEBHOOKS_DATABASE": migrated.service,
        "RESELLER_WEBHOOKS_SECRET_KEYS": KEY,
    }
    ended = subprocess.run(
        [sys.executable, "-m", "reseller_webhooks", *words.split()],
        env=os.environ | given,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert ended.returncode == 1
    assert "permission denied for table alembic_version" in ended.stdout + ended.stderr
    assert remedy in ended.stdout + ended.stderr


async def test_without_the_functions_changes_go_on_and_the_other_jobs_too(
    migrated: Roles,
    granted: Database,
) -> None:
    revoked = [f"REVOKE EXECUTE ON FUNCTION {one} FROM {SERVICE}" for one in privileges.FUNCTIONS]
    run(migrated.owner, revoked)
    await Maintenance(granted, retention_days=90, schedule_s=60).run_once()
    with granted.write() as tx:
        reseller(tx)
        placed = partition_of(tx, told(tx, new_event(reseller_id=1, changed_at=tx.now))[0])
        fared = {one.job: one for one in statuses(tx)}
    found = readiness.check(granted)

    assert placed == "event_before"
    assert privileges.check(granted) == [f"EXECUTE on {one}" for one in privileges.FUNCTIONS]
    assert fared[MaintenanceJob.PARTITIONS].succeeded_at is None
    assert privileges.REMEDY in fared[MaintenanceJob.PARTITIONS].failure
    assert [job for job, one in fared.items() if not one.succeeded_at] == [
        MaintenanceJob.PARTITIONS
    ]
    assert {
        one.params["table"] for one in found if one.code is ConditionCode.PARTITION_MISSING
    } == TABLES
    rights = [one.params["right"] for one in found if one.code is ConditionCode.RIGHT_MISSING]
    assert rights == [f"EXECUTE on {one}" for one in privileges.FUNCTIONS]
