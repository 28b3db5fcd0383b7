"""make attack: every attack, or only those named: python -m attack header_fields sign_in.

With --postgres the program uses a PostgreSQL server of its own, else an SQLite file.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from attack import bodies, bombs, connections, floods, neighbours, pages, readers, tenancy
from attack.measuring import Attack, measured
from bench import postgres
from bench.beside import KEYS
from bench.program import Server, workshop

ATTACKS: dict[str, Attack] = {
    "header_fields": bombs.header_fields,
    "header_value": bombs.header_value,
    "request_line": bombs.request_line,
    "slow_headers": connections.slow_headers,
    "many_connections": connections.many,
    "pipelines": floods.pipelines,
    "unread_answers": floods.unread_answers,
    "sign_in": floods.sign_in,
    "pages": pages.rendered,
}
BY_RESELLERS: dict[str, Callable[[Server], str]] = {
    "bodies": bodies.bodies,
    "log_readers": readers.log_readers,
    "slow_webhooks": neighbours.slow_webhooks,
    "dead_names": neighbours.dead_names,
    "token_servers": neighbours.token_servers,
}
"""Attacks by somebody with a key, who needs more than the port."""
TENANCY = "tenancy"
NAMES = (*ATTACKS, *BY_RESELLERS, TENANCY)
POSTGRES = "--postgres"


def main(words: list[str]) -> int:
    names = [word for word in words if word != POSTGRES]
    if unknown := set(names) - set(NAMES):
        print(f"{', '.join(sorted(unknown))}: there is only {', '.join(NAMES)}", file=sys.stderr)
        return 2
    leaks: list[str] = []
    with workshop() as directory, _settings(on_postgres=POSTGRES in words) as settings:
        server = Server(directory, **settings)
        server.start()
        pages.make_once(server.port)
        try:
            for name in names or NAMES:
                if name == TENANCY:
                    found = tenancy.enumerate_routes(server)
                    leaks += found.leaks
                    print(f"{name:17} {found}", flush=True)
                else:
                    print(f"{name:17} {_told(server, name)}", flush=True)
        finally:
            server.stop()
    return 1 if leaks else 0


@contextmanager
def _settings(*, on_postgres: bool) -> Iterator[dict[str, str]]:
    """The settings of a program on the chosen database."""
    if not on_postgres:
        yield {}
        return
    with postgres.server() as database:
        yield {"RESELLER_WEBHOOKS_DATABASE": database.url, **KEYS}


def _told(server: Server, name: str) -> str:
    if name in BY_RESELLERS:
        return BY_RESELLERS[name](server)
    return measured(server, ATTACKS[name])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
