"""The program's first line: it takes signals before anything else is imported.

A parent that starts the program with SIGTERM and SIGINT blocked loses none of them: they are
unblocked here, once somebody takes them.
"""

import os
import signal
import sys
from types import FrameType
from typing import NoReturn

SERVERS = frozenset({"serve", "demo", "ingest", "export", "listen", "mirror"})
"""Commands that run until they are asked to stop, which is then no failure."""
SIGNALS = (signal.SIGTERM, signal.SIGINT)


def main() -> NoReturn:
    """Run a command. Until it takes signals itself, they end the process at once."""
    is_server = next((word for word in sys.argv[1:] if word[:1] != "-"), "") in SERVERS
    _take_signals(_stop_server if is_server else _stop_command)
    from reseller_webhooks.cli import main as run

    try:
        run()
    except SystemExit as end:
        if not is_server:
            raise
        # Threads that still wait, for a store that hangs say, must not keep a process that is done.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(end.code if isinstance(end.code, int) else 0)


def _take_signals(handler: "signal._HANDLER") -> None:
    for number in SIGNALS:
        signal.signal(number, handler)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)


def _stop_server(number: int, _: FrameType | None) -> None:
    del number
    os._exit(0)  # nothing was begun yet; an exception could get lost in an import


def _stop_command(number: int, _: FrameType | None) -> None:
    name = signal.Signals(number).name
    line = f"reseller-webhooks: stopped by {name}; what was not finished is undone, run it again\n"
    os.write(2, line.encode())
    os._exit(1)
