"""Runs the program behind uvicorn until it is asked to stop."""

import gc
import os
import resource
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from threading import Thread

from reseller_webhooks.bootstrap.addresses import authority
from reseller_webhooks.bootstrap.last_resort import FAILED
from reseller_webhooks.bootstrap.program import ProcessRole, Program
from reseller_webhooks.bootstrap.server import Server
from reseller_webhooks.bootstrap.systemd import ServiceManager
from reseller_webhooks.bootstrap.worker_processes import WorkerProcesses
from reseller_webhooks.core.errors import Refused
from reseller_webhooks.observability import start_logging
from reseller_webhooks.settings import PREFIX, Settings
from reseller_webhooks.store.db import migrate, startup

COLLECT_AFTER = (50_000, 20, 100)
"""Thresholds of the garbage collector: new objects, and collections of the younger generation. A
delivery makes a few dozen objects."""


def server(
    settings: Settings, role: ProcessRole, processes: WorkerProcesses | None = None
) -> Server:
    """A server to run on sockets; an SQLite database is brought up to date first."""
    manager = ServiceManager()
    manager.tell("STATUS=waiting for the store")
    program = Program(settings, role, processes)

    def prepare() -> None:
        if settings.database.startswith("sqlite"):
            migrate.upgrade(program.database)
        program.prepare()

    startup.wait_for(program.database, prepare)
    return Server(program, manager)


def run(
    settings: Settings,
    role: ProcessRole,
    *,
    host: str,
    port: int,
    workers: int = 1,
    tied: bool = False,
) -> None:
    """Serve until SIGTERM or SIGINT.

    workers: processes that send; if they are several, none of them is this one. tied: end also
    when standard input does, as it does with the process that has started this one.
    """
    start_logging(as_json=not sys.stderr.isatty())
    processes = WorkerProcesses(workers, host, port, settings.metrics_port) if workers > 1 else None
    with ExitStack() as stack:
        sockets = [stack.enter_context(one) for one in _sockets(settings, host, port)]
        one = server(settings, role, processes)
        if tied:
            Thread(target=_end_with_input, daemon=True).start()
        serve(one, *sockets)


def _sockets(settings: Settings, host: str, port: int) -> Iterator[socket.socket]:
    """Listening sockets: the program's port, and the metrics' port if it is another."""
    if settings.metrics_port and settings.metrics_port == port:
        raise Refused(
            f"{PREFIX}METRICS_PORT is {port}, the port of everything else; give another one, or 0"
        )
    yield listening(host, port)
    if settings.metrics_port:
        options = (f"{PREFIX}METRICS_HOST", f"{PREFIX}METRICS_PORT")
        yield listening(settings.metrics_host, settings.metrics_port, options)


def serve(one: Server, *sockets: socket.socket) -> None:
    """Serve until SIGTERM or SIGINT, which end the process with code 0."""
    _allow_many_sockets()
    freeze_heap()
    for number in (signal.SIGTERM, signal.SIGINT):
        # uvicorn stops in good order, then raises the signal again for whoever else listens.
        signal.signal(number, lambda *_: sys.exit(0))
    one.run(sockets=list(sockets))
    if one.failed:
        sys.exit(FAILED)
    if not one.started:
        sys.exit(1)


def freeze_heap() -> None:
    """Exclude everything loaded so far from garbage collection, which took up to 100 ms in which
    nothing was sent, and collect later objects less often, since few become garbage."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)


def listening(
    host: str, port: int, options: tuple[str, str] = ("--host", "--port")
) -> socket.socket:
    """A socket at that address, before anything is begun; Refused when it is taken.

    options: what the operator may change then.
    """
    try:
        family = _family(host)
        both = family is socket.AF_INET6 and host == "::" and socket.has_dualstack_ipv6()
        return socket.create_server((host, port), family=family, backlog=2048, dualstack_ipv6=both)
    except OSError as error:
        raise Refused(
            f"cannot listen on {authority(host, port)}: {(error.strerror or str(error)).lower()}; "
            f"give another {options[0]} or {options[1]}"
        ) from None


def _family(host: str) -> socket.AddressFamily:
    """Of the first address that a host has; a name may have several."""
    return socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][0]


def _end_with_input() -> None:
    while os.read(sys.stdin.fileno(), 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _allow_many_sockets() -> None:
    # Every request under way has one; the usual soft limit of 1024 is for programs that select().
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
