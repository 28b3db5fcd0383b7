"""`mirror --verify` ends with 0 only when nothing differs; else it says what does."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import update

from reseller_mirror import program
from reseller_mirror.mirror import TABLES
from reseller_mirror.program import Sides
from reseller_mirror.reconcile import Outcome, reconcile
from reseller_webhooks.core.access.permissions import Scope
from reseller_webhooks.core.enums import Resource
from reseller_webhooks.core.records import read_content
from reseller_webhooks.core.records.changes import Change, Put, Remove
from reseller_webhooks.operations import authentication, changes, resellers
from reseller_webhooks.operations.changes import ChangeRequest
from tests.conftest import Running
from tests.store.ageing import age, drop


@pytest.fixture
async def sides(running: Running, tmp_path: Path) -> Sides:
    """A platform with three companies, and a mirror that has heard of none."""
    reseller = resellers.add(running.database, "Northwind")
    puts = [
        Put(read_content(Resource.COMPANY, f"c{n}", {"name": f"Company {n}"})) for n in range(3)
    ]
    some = tuple(
        Change(reseller.uuid, Resource.COMPANY, f"c{n}", put) for n, put in enumerate(puts)
    )
    changes.apply(running.database, [ChangeRequest(some)], public_url=running.url)
    key = authentication.add_key(running.database, Scope.RESELLER_READ, reseller.uuid).key
    return Sides(f"sqlite:///{tmp_path}/mirror.db", running.url, key)


async def verify(sides: Sides, key: str | None = None) -> tuple[int, str]:
    """The command's exit code, and what it says."""
    words = ["mirror", "--source", sides.source, "--database", sides.database, "--verify"]
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "reseller_webhooks", *words],
        env=os.environ | {"RESELLER_MIRROR_KEY": key or sides.key},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


async def make_equal(sides: Sides) -> None:
    def work() -> None:
        with program.opened(sides) as (mirror, source):
            for resource in TABLES:
                reconcile(mirror, source, resource)

    await asyncio.to_thread(work)


async def outcome(sides: Sides) -> Outcome:
    """What reconciling companies comes to."""

    def work() -> Outcome:
        with program.opened(sides) as (mirror, source):
            return reconcile(mirror, source, "COMPANY")

    return await asyncio.to_thread(work)


async def damage(sides: Sides, **columns: object) -> None:
    def work() -> None:
        table = TABLES["COMPANY"]
        with program.opened(sides) as (mirror, _), mirror.engine.begin() as connection:
            connection.execute(update(table).where(table.c.uuid == "c1").values(**columns))

    await asyncio.to_thread(work)


async def test_a_mirror_that_lacks_records_is_not_equal(sides: Sides) -> None:
    code, words = await verify(sides)

    assert code == 1
    assert "3 missing" in words


async def test_an_equal_mirror_ends_with_0(sides: Sides) -> None:
    await make_equal(sides)

    assert (await verify(sides))[0] == 0


@pytest.mark.parametrize("columns", [{"version": 9}, {"content": '{"name":"forged"}'}])
async def test_one_record_that_differs_is_found_and_a_version_mended(
    sides: Sides, columns: dict[str, object]
) -> None:
    await make_equal(sides)
    await damage(sides, **columns)
    found, _ = await verify(sides)
    await make_equal(sides)
    after, _ = await verify(sides)

    assert found == 1
    assert after == (0 if "version" in columns else 1)


async def test_a_key_that_does_not_hold_is_refused_in_one_line(sides: Sides) -> None:
    code, words = await verify(sides, "rwk_wrong")

    assert code == 1
    assert len(words.strip().splitlines()) == 1


async def test_a_platform_that_is_away_is_no_proof(sides: Sides) -> None:
    code, words = await verify(Sides(sides.database, "http://127.0.0.1:9", sides.key))

    assert code == 1
    assert "does not answer" in words


@pytest.mark.parametrize("held", ["as it was", "as a tombstone"])
async def test_a_removal_whose_tombstone_is_gone_reaches_a_mirror_at_the_next_comparison(
    sides: Sides, running: Running, held: str
) -> None:
    (owner,) = resellers.page(running.database, after=0, limit=9)
    gone = ChangeRequest((Change(owner.uuid, Resource.COMPANY, "c1", Remove()),))
    if held == "as it was":
        await make_equal(sides)
        changes.apply(running.database, [gone], public_url=running.url)
    else:
        changes.apply(running.database, [gone], public_url=running.url)
        await make_equal(sides)
    age(running.database)
    deleted = drop(running.database)
    found = await outcome(sides)

    assert deleted == 1
    assert (found.equal, found.count, found.written) == (True, 2, 1)
