"""Debian's PgBouncer in front of a server, with an ini as an operator would write it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import psycopg

from testkit.ports import free_port
from testkit.processes import Server, directory, give, program, wait_until

Mode = Literal["session", "transaction"]
PASSWORD = "bouncer"
INI = """\
[databases]
{name} = host={host} port={port} dbname={name}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen_port}
auth_type = scram-sha-256
auth_file = {userlist}
pool_mode = {mode}
default_pool_size = 20
max_client_conn = 500
"""


class PgBouncer(Server):
    """One PgBouncer on 127.0.0.1. url: the way to the database through it."""

    def __init__(self, ini: Path, port: int, url: str) -> None:
        self.ini, self.port, self.url = ini, port, url
        super().__init__([program("pgbouncer"), str(ini)], ini.with_suffix(".log"))

    def start(self) -> None:
        """Start, and wait until a query passes."""
        self.spawn()
        wait_until(self.answers, f"PgBouncer takes connections; see {self.log}")

    def answers(self) -> bool:
        """Whether a query passes now."""
        try:
            with psycopg.connect(self.url, connect_timeout=5) as connection:
                connection.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True


@contextmanager
def pgbouncer(
    server_url: str, mode: Mode, *, ini: str = INI, **settings: str
) -> Iterator[PgBouncer]:
    """A PgBouncer in front of the database that a URL of one host and port names.

    ini: the file's text, with {name}, {host}, {port}, {listen_port}, {userlist} and {mode}.
    settings: more lines of the section [pgbouncer].
    """
    url = urlsplit(server_url)
    listen_port = free_port()
    name, user = url.path.strip("/"), url.username or "postgres"
    with directory("pgbouncer") as place:
        userlist = _written(place / "userlist.txt", f'"{user}" "{PASSWORD}"\n')
        text = ini.format(
            name=name,
            host=url.hostname,
            port=url.port,
            listen_port=listen_port,
            userlist=userlist,
            mode=mode,
        )
        text += "".join(f"{key} = {value}\n" for key, value in settings.items())
        way = f"postgresql://{user}:{PASSWORD}@127.0.0.1:{listen_port}/{name}"
        server = PgBouncer(_written(place / "pgbouncer.ini", text), listen_port, way)
        try:
            server.start()
            yield server
        finally:
            server.kill()


def _written(path: Path, text: str) -> Path:
    path.write_text(text)
    give(path)
    return path
