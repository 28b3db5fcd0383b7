"""A ready receiver: keeps a local database equal to the platform, and proves that it is."""

import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from reseller_ingress import Limits, RefusalReason, bounded
from reseller_mirror.asgi import Receiver
from reseller_mirror.follow import Follower
from reseller_mirror.mirror import TABLES, Mirror, connect
from reseller_mirror.reconcile import Difference, compare, reconcile
from reseller_mirror.source import Source
from reseller_mirror.verify import Verifier

LEAVE_WITHIN_S = 10.0
"""A source that hangs does not keep the process from ending."""

log = logging.getLogger("reseller_mirror")


class CannotMirror(Exception):
    """The mirror cannot start or compare; one line says why and how to mend it."""


@dataclass(frozen=True, slots=True)
class Sides:
    """The two sides. key: an API key of the reseller; one that may only read is enough."""

    database: str
    source: str
    key: str
    ca_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Door:
    """The endpoint for notifications, and its secrets, one for each webhook."""

    host: str
    port: int
    secrets: list[str]
    token: str | None = None
    certificate: Path | None = None
    private_key: Path | None = None


def run(sides: Sides, door: Door, *, every_s: float) -> None:
    """Receive until SIGTERM or SIGINT; reconcile at the start and then every so many seconds."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    for number in (signal.SIGTERM, signal.SIGINT):
        # uvicorn stops in good order, then raises the signal again for whoever else listens.
        signal.signal(number, lambda *_: sys.exit(0))
    with opened(sides) as (mirror, source):
        app = Receiver(mirror, _verifier(door))
        stopping = threading.Event()
        upkeep = threading.Thread(
            target=_keep_equal, args=(mirror, source, every_s, stopping), daemon=True
        )
        upkeep.start()
        try:
            uvicorn.run(
                app,
                host=door.host,
                port=door.port,
                ssl_certfile=door.certificate,
                ssl_keyfile=door.private_key,
                log_level="warning",
                access_log=False,
                server_header=False,
                lifespan="off",
                backlog=1024,
                **bounded(Limits(), proxies=_proxies(), warn=_warn),
            )
        finally:
            stopping.set()
            upkeep.join(LEAVE_WITHIN_S)


def pull(sides: Sides, *, every_s: float) -> None:
    """Follow the event feed until SIGTERM or SIGINT, over outgoing requests only; reconcile."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    with opened(sides) as (mirror, source), opened(sides) as (_, feed):
        follower = Follower(mirror, feed)
        works = [
            threading.Thread(target=follower.run, args=(stopping,), daemon=True),
            threading.Thread(
                target=_keep_equal, args=(mirror, source, every_s, stopping), daemon=True
            ),
        ]
        for work in works:
            work.start()
        stopping.wait()


def verify(sides: Sides) -> list[Difference]:
    """Compare every type, record by record; CannotMirror when one side does not answer."""
    with opened(sides) as (mirror, source):
        try:
            return [compare(mirror, source, resource) for resource in TABLES]
        except OSError as error:
            raise CannotMirror(f"{sides.source} does not answer: {error}") from None
        except (ValueError, KeyError, TypeError):
            raise CannotMirror(f"{sides.source} is no platform: its answer is not one") from None


def told(found: Difference) -> str:
    """A line about a type."""
    if found.equal:
        return f"{found.resource} equal, {found.count} records"
    digests = "equal" if found.digests_equal else "different"
    return (
        f"{found.resource} differs: digests {digests}, {found.count} records at the source, "
        f"{found.missing} missing, {found.extra} extra, {found.version} with another version, "
        f"{found.content} with other content"
    )


@contextmanager
def opened(sides: Sides) -> Iterator[tuple[Mirror, Source]]:
    """Both sides, the mirror's tables made."""
    try:
        source = Source(sides.source, sides.key, ca_file=sides.ca_file)
        mirror = Mirror(connect(sides.database))
        mirror.create()
    except ArgumentError:
        raise CannotMirror("the database's URL is none; give sqlite:///mirror.db") from None
    except (SQLAlchemyError, ImportError) as error:
        why = str(getattr(error, "orig", error)).splitlines()[0]
        raise CannotMirror(f"the mirror's database cannot be opened: {why}") from None
    except (ValueError, OSError) as error:
        raise CannotMirror(str(error)) from None
    try:
        yield mirror, source
    finally:
        source.close()
        mirror.engine.dispose()


def _proxies() -> list[str]:
    """Named in uvicorn's own variable."""
    given = os.environ.get("FORWARDED_ALLOW_IPS", "127.0.0.1,::1")
    return [one.strip() for one in given.split(",")]


def _warn(reason: RefusalReason, peer: str, number: int) -> None:
    log.warning("refused callers for their %s: %d, the last of them %s", reason, number, peer)


def _verifier(door: Door) -> Verifier:
    try:
        return Verifier(secret=door.secrets or None, token=door.token)
    except ValueError as error:
        raise CannotMirror(str(error)) from None


def _keep_equal(mirror: Mirror, source: Source, every_s: float, stopping: threading.Event) -> None:
    while not stopping.is_set():
        for resource in TABLES:
            _reconcile(mirror, source, resource)
        stopping.wait(every_s)


def _reconcile(mirror: Mirror, source: Source, resource: str) -> None:
    try:
        got = reconcile(mirror, source, resource)
    except (OSError, SQLAlchemyError, ValueError, KeyError, TypeError) as error:
        log.warning("%s could not be reconciled: %s", resource, str(error).splitlines()[:1])
        return
    except Exception:
        log.exception("%s could not be reconciled", resource)
        return
    word = "equal" if got.equal else "still changing"
    log.info(
        "%s %s: %d records, %d fetched, %d written",
        *(resource, word, got.count, got.fetched, got.written),
    )
