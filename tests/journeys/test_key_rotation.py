"""A secret key is replaced by the steps that docs/operate.md prints, and taken out too early."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from reseller_webhooks.core.enums import Action, Resource
from reseller_webhooks.core.webhooks.webhook import Spec, TokenAuth
from reseller_webhooks.core.webhooks.webhook_row import WebhookRow
from reseller_webhooks.crypto import Box
from reseller_webhooks.operations import resellers, webhooks
from reseller_webhooks.store.db import features, migrate
from reseller_webhooks.store.db.database import Database
from reseller_webhooks.store.db.features import Feature
from reseller_webhooks.store.webhooks import webhooks as stored
from testkit.processes import clean_environment

OPERATE = Path(__file__).parent.parent.parent / "docs" / "operate.md"
OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()
AUTH = TokenAuth(token="s3cret")
Run = Callable[[str], "subprocess.CompletedProcess[str]"]


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/test.db"
    return str(request.getfixturevalue("empty_postgres"))


@pytest.fixture
def run(url: str, tmp_path: Path) -> Run:
    def run(line: str) -> "subprocess.CompletedProcess[str]":
        here = {"RESELLER_WEBHOOKS_DATABASE": url, "PATH": f"{Path(sys.executable).parent}:/bin"}
        return subprocess.run(
            ["/bin/sh", "-c", line],
            env=clean_environment() | here,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


def printed() -> list[str]:
    """The commands of the how-to, with keys of ours."""
    section = OPERATE.read_text().partition("## Replace a secret key")[2].partition("\n## ")[0]
    lines = [
        line
        for block in re.findall(r"```\n(.*?)```", section, re.DOTALL)
        for line in block.splitlines()
        if line.startswith("RESELLER_WEBHOOKS_SECRET_KEYS=")
    ]
    return [re.sub(r"\bNEW\b", NEW, re.sub(r"\bOLD\b", OLD, line)) for line in lines]


def used_before(url: str) -> Database:
    """A store of an earlier version with two webhooks sealed under the old key."""
    database = Database(url)
    migrate.upgrade(database)
    with database.write() as tx:
        features.turn_off(tx, Feature.BOUND_SECRETS)
    reseller = resellers.add(database, "Northwind").id
    for resource in (Resource.COMPANY, Resource.LEAD):
        spec = Spec(
            url="https://a.example/", resource=resource, actions=frozenset(Action), auth=AUTH
        )
        webhooks.add(database, Box([OLD]), reseller, spec)
    return database


def every_webhook(database: Database) -> list[WebhookRow]:
    with database.read() as tx:
        return stored.every(tx)


def test_the_steps_as_printed_replace_a_key(url: str, run: Run) -> None:
    database = used_before(url)
    done = [run(line) for line in printed()]
    rows = every_webhook(database)
    database.close()

    assert len(done) == 3
    assert [one.returncode for one in done] == [0] * 3, [one.stderr for one in done]
    assert ": 4" in done[0].stdout.splitlines()[0]
    assert "no sealed secrets; it may be taken out" in done[1].stdout
    assert [webhooks.open_webhook(Box([NEW]), row, 0).auth for row in rows] == [AUTH] * 2
    assert not [one for one in done if OLD in one.stdout + one.stderr or "s3cret" in one.stdout]


def test_a_key_taken_out_too_early_is_found_and_named(url: str, run: Run) -> None:
    database = used_before(url)
    with database.write() as tx:
        features.turn_on(tx, Feature.BOUND_SECRETS)
    first = every_webhook(database)[0]
    database.close()
    keys = f"RESELLER_WEBHOOKS_SECRET_KEYS={NEW} reseller-webhooks"
    checked, resealed = run(f"{keys} check"), run(f"{keys} secrets reseal")

    for one in (checked, resealed):
        assert one.returncode == 1
        assert f"webhook {first.uuid} of reseller" in one.stdout
        assert len(one.stderr.strip().splitlines()) == 1
        assert "Traceback" not in one.stderr
        assert "gAAAA" not in one.stdout
    assert "sealed secrets: 4 do not open" in checked.stdout
    assert "could not be opened: 4" in resealed.stdout
