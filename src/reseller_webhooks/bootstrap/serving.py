"""Runs the program behind uvicorn until it is asked to stop."""

import resource
import sys

import uvicorn

from reseller_webhooks.bootstrap.program import Part, Program
from reseller_webhooks.observability import start_logging
from reseller_webhooks.settings import Settings
from reseller_webhooks.store import migrate

STOP_WITHIN_S = 5
"""Open connections, live views of the log for one, are cut after that."""


def server(settings: Settings, part: Part, *, host: str, port: int) -> uvicorn.Server:
    """A server that is ready to run; an SQLite database is brought up to date first."""
    program = Program(settings, part)
    if settings.database.startswith("sqlite"):
        migrate.upgrade(program.database)
    config = uvicorn.Config(
        program.asgi(),
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=STOP_WITHIN_S,
    )
    return uvicorn.Server(config)


def run(settings: Settings, part: Part, *, host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT."""
    _allow_many_sockets()
    start_logging(as_json=not sys.stderr.isatty())
    one = server(settings, part, host=host, port=port)
    one.run()
    if not one.started:
        sys.exit(1)


def _allow_many_sockets() -> None:
    # Every request under way has one; the usual soft limit of 1024 is for programs that select().
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
