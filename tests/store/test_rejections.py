"""A PostgreSQL that rejects our password: waiting does not help, so start is refused soon."""

from collections.abc import Iterator

import pytest

from reseller_webhooks.core.errors import Refused
from reseller_webhooks.store.db import migrate, startup
from reseller_webhooks.store.db.database import Database
from testkit.postgres import Postgres, postgres

HBA = "host all service 127.0.0.1/32 scram-sha-256\nhost all postgres 127.0.0.1/32 trust\n"


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    """A server whose role `service` has the password `right`."""
    with postgres() as server:
        server.run("CREATE ROLE service LOGIN PASSWORD 'right'")
        (server.data / "pg_hba.conf").write_text(HBA)
        server.stop()
        server.start()
        yield server


@pytest.mark.parametrize(
    ("login", "name"),
    [("service:wrong", "postgres"), ("service", "postgres"), ("service:right", "nowhere")],
)
def test_a_rejected_login_is_refused_with_what_to_set(
    server: Postgres, login: str, name: str
) -> None:
    database = Database(f"postgresql://{login}@{server.address}/{name}")

    with pytest.raises(Refused, match="set the right user, password and name") as refused:
        startup.wait_for(database, lambda: migrate.check(database), retry_s=0.01)
    database.close()

    assert "rejects the connection" in str(refused.value)
    assert "right@" not in str(refused.value)
