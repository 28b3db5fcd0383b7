"""The roles and rights that docs/operate.md prints, on a real server."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

OPERATE = Path(__file__).parents[1] / "docs" / "operate.md"
SECTION = "## Separate roles for migration and service"
OWNER, SERVICE, NAME = "webhooks_owner", "webhooks_service", "reseller_webhooks"


@dataclass(frozen=True)
class Roles:
    """URLs of the printed database. server: as an administrator, of the server's own database."""

    server: str

    @property
    def owner(self) -> str:
        """As the role that migrates."""
        return self._url(OWNER)

    @property
    def service(self) -> str:
        """As the role that serves."""
        return self._url(SERVICE)

    @property
    def administrator(self) -> str:
        """As the server's administrator."""
        url = make_url(self.server).set(database=NAME)
        return url.render_as_string(hide_password=False)

    def create(self) -> None:
        """Create both roles and the database."""
        run(self.server, printed()[0])

    def grant(self) -> None:
        """Grant what is printed; the tables must be there."""
        run(self.owner, printed()[1])

    def drop(self) -> None:
        """Drop the database and both roles."""
        database = f"DROP DATABASE {NAME} WITH (FORCE)"
        run(self.server, [database, f"DROP ROLE {SERVICE}", f"DROP ROLE {OWNER}"])

    def _url(self, role: str) -> str:
        url = make_url(self.server).set(username=role, database=NAME)
        return url.render_as_string(hide_password=False)


def printed() -> tuple[list[str], list[str]]:
    """The statements for the administrator, and those for the owner, a statement to a line."""
    section = OPERATE.read_text().split(SECTION)[1].split("\n## ")[0]
    administrator, owner = re.findall(r"```sql\n(.*?)```", section, re.DOTALL)
    return administrator.splitlines(), owner.splitlines()


def run(url: str, statements: Iterable[str]) -> None:
    """Run statements, each in a transaction of its own."""
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(sql.SQL(statement))
