"""A role that owns nothing serves, with the rights that docs/operate.md prints."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url

from reseller_webhooks.clock import DAY
from reseller_webhooks.core.conditions import Code
from reseller_webhooks.core.errors import Refused
from reseller_webhooks.core.maintenance import Job
from reseller_webhooks.engine.maintenance import Maintenance
from reseller_webhooks.operations import maintenance, readiness
from reseller_webhooks.store import days, migrate, privileges, startup
from reseller_webhooks.store.database import Database
from reseller_webhooks.store.maintenance import statuses
from tests.store.making import event as new_event
from tests.store.making import reseller, told
from tests.store.test_days import on_day, partition_of

OPERATE = Path(__file__).parents[2] / "docs" / "operate.md"
OWNER, SERVICE, NAME = "webhooks_owner", "webhooks_service", "reseller_webhooks"
TABLES = {"event", "attempt"}
KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="


def _printed() -> tuple[list[str], list[str]]:
    section = OPERATE.read_text().split("## A role that owns nothing")[1].split("\n## ")[0]
    admin, owner = re.findall(r"```sql\n(.*?)```", section, re.DOTALL)
    return admin.splitlines(), owner.splitlines()


def _url(server: str, role: str) -> str:
    url = make_url(server).set(username=role, database=NAME)
    return url.render_as_string(hide_password=False)


def _run(url: str, statements: list[str]) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


@pytest.fixture
def migrated(postgres: str) -> Iterator[str]:
    """The server's URL, with the roles and the database that are printed, migrated by the owner."""
    admin, _ = _printed()
    _run(postgres, admin)
    owner = Database(_url(postgres, OWNER))
    migrate.upgrade(owner)
    owner.close()
    yield postgres
    _run(
        postgres,
        [f"DROP DATABASE {NAME} WITH (FORCE)", f"DROP ROLE {SERVICE}", f"DROP ROLE {OWNER}"],
    )


@pytest.fixture
def granted(migrated: str) -> Iterator[Database]:
    """The store as the role sees it that serves, with the rights that are printed."""
    _, owner = _printed()
    _run(_url(migrated, OWNER), owner)
    one = Database(_url(migrated, SERVICE))
    yield one
    one.close()


def test_a_role_with_the_printed_rights_serves_and_keeps_partitions(granted: Database) -> None:
    turned = maintenance.turn_day(granted)
    with granted.write() as tx:
        reseller(tx)
        (number,) = told(tx, new_event(reseller_id=1, changed_at=tx.now))
        later = on_day(tx, 100)
        placed = partition_of(tx, number)
        days.make(later)
        days.turn(later)
        dropped = sum(iter(lambda: days.drop(later, tx.now + DAY), 0))

    assert privileges.check(granted) == []
    assert turned == 2
    assert placed.startswith("event_2")
    assert dropped >= 2


async def test_every_job_succeeds_for_that_role(granted: Database) -> None:
    await Maintenance(granted, retention_days=90, schedule_s=60).run_once()

    with granted.read() as tx:
        assert {one.job for one in statuses(tx) if one.succeeded_at} == set(Job)


def test_a_role_without_rights_is_refused_with_what_it_lacks(migrated: str) -> None:
    _run(_url(migrated, OWNER), [f"GRANT SELECT ON alembic_version TO {SERVICE}"])
    one = Database(_url(migrated, SERVICE))
    with pytest.raises(Refused, match=r"lacks DELETE on .* more; grant"):
        privileges.check(one)
    one.close()


def test_a_role_that_may_read_nothing_is_refused_at_once(migrated: str) -> None:
    one = Database(_url(migrated, SERVICE))
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
    migrated: str, tmp_path: Path, words: str, remedy: str
) -> None:
    given = {
        "RESELLER_WEBHOOKS_DATABASE": _url(migrated, SERVICE),
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
    granted: Database,
) -> None:
    revoked = [f"REVOKE EXECUTE ON FUNCTION {one} FROM {SERVICE}" for one in privileges.FUNCTIONS]
    _run(_url(granted.url, OWNER), revoked)
    await Maintenance(granted, retention_days=90, schedule_s=60).run_once()
    with granted.write() as tx:
        reseller(tx)
        placed = partition_of(tx, told(tx, new_event(reseller_id=1, changed_at=tx.now))[0])
        fared = {one.job: one for one in statuses(tx)}
    found = readiness.check(granted)

    assert placed == "event_before"
    assert privileges.check(granted) == [f"EXECUTE on {one}" for one in privileges.FUNCTIONS]
    assert fared[Job.PARTITIONS].succeeded_at is None
    assert privileges.REMEDY in fared[Job.PARTITIONS].failure
    assert [job for job, one in fared.items() if not one.succeeded_at] == [Job.PARTITIONS]
    assert {one.params["table"] for one in found if one.code is Code.PARTITION_MISSING} == TABLES
