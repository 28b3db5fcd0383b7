"""NATS connections: connect, reconnect, and log both.

A connection that is lost is given up, and everything that was known through it is asked for
again on the next. So nothing stale is ever sent late.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import nats
import structlog
from nats.aio.client import Client
from nats.errors import ConnectionClosedError
from nats.js import JetStreamContext
from nats.js.errors import APIError, ServiceUnavailableError

from reseller_webhooks import __version__
from reseller_webhooks.clock import monotonic_s
from reseller_webhooks.core.errors import Refused
from reseller_webhooks.nats.credentials import Credentials

AWAY = (nats.errors.Error, OSError, TimeoutError)
"""Exceptions of NATS when it is away or cannot serve a request just now."""
CONNECT_S = 5.0
WAIT_FIRST_S, WAIT_LAST_S = 0.1, 5.0
"""Between tries to connect."""
STEADY_S = 10.0
"""Seconds in which a new failure counts as part of the same outage."""
CLOSE_S = 2.0
REQUEST_S = 5.0
PING_S = 5
"""Two that are not answered, and the connection counts as lost."""

T = TypeVar("T")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class NatsAddress:
    """The address of NATS. url: one or several with commas between; may hold a user and
    password."""

    url: str
    credentials: Path | None = None
    ca_file: Path | None = None

    def __str__(self) -> str:
        """Without user and password."""
        named = (urlsplit(one).netloc.rpartition("@")[2] for one in self.url.split(","))
        return ",".join(named)


@dataclass(slots=True)
class NatsConnection:
    """One connection, until it is lost. lost: set when it is.

    works: a session calls it when all that it needs was found to be there.
    """

    client: Client
    js: JetStreamContext
    lost: asyncio.Event
    works: Callable[[], None]

    async def answer(self, asked: Awaitable[T]) -> T:
        """The answer of NATS; ConnectionClosedError as soon as the connection is lost."""
        task, lost = asyncio.ensure_future(asked), asyncio.create_task(self.lost.wait())
        waiting: set[asyncio.Future[Any]] = {task, lost}
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        lost.cancel()
        if task.done():
            return task.result()
        task.cancel()
        raise ConnectionClosedError


Session = Callable[[NatsConnection], Awaitable[None]]


async def keep(address: NatsAddress, session: Session, stop: asyncio.Event) -> None:
    """Connect and run a session, again and again until `stop`.

    Refused when NATS, or what it holds, does not fit when first seen; later that is waited out.
    """
    turns = _Turns(address)
    while not stop.is_set():
        try:
            async with _linked(address, turns.works) as link:
                await session(link)
        except AWAY as error:
            turns.failed(error)
        except Refused as error:
            if not turns.has_worked:
                raise
            turns.failed(error)
        except Exception as error:
            log.exception("a session failed; it is begun again")
            turns.failed(error)
        await wait_for_first(stop, turns.wait_s)


@asynccontextmanager
async def _linked(address: NatsAddress, works: Callable[[], None]) -> AsyncIterator[NatsConnection]:
    client, lost = Client(), asyncio.Event()
    try:
        await _connect(client, address, lost)
        yield NatsConnection(client, client.jetstream(timeout=REQUEST_S), lost, works)
    finally:  # a connection that was refused would stay open too
        with suppress(*AWAY):
            async with asyncio.timeout(CLOSE_S):
                await client.close()


async def _connect(client: Client, address: NatsAddress, lost: asyncio.Event) -> None:
    failures: list[Exception] = []

    async def failed(error: Exception) -> None:
        failures.append(error)
        if client.is_connected:  # a permission that lacks, for one; the connection may go on
            log.warning("NATS reports an error", why=str(error))

    async def ended() -> None:
        lost.set()

    try:
        async with asyncio.timeout(CONNECT_S):
            await client.connect(
                address.url.split(","),
                name=f"reseller-webhooks/{__version__}",
                error_cb=failed,
                disconnected_cb=ended,
                closed_cb=ended,
                allow_reconnect=False,
                max_reconnect_attempts=1,
                reconnect_time_wait=0,
                ping_interval=PING_S,
                **_proofs(address),
            )
    except AWAY as error:
        raise _why(address, [error, *failures][-1]) from None


def _why(address: NatsAddress, error: Exception) -> Exception:
    if "authorization" in str(error).lower():
        return Refused(
            f"NATS at {address} does not let us in; name a user in the URL, or --credentials"
        )
    return ConnectionError(str(error) or type(error).__name__)


def _proofs(address: NatsAddress) -> dict[str, Any]:
    """Credentials of this client, and certificates that it trusts."""
    proofs: dict[str, Any] = {}
    if address.credentials:
        ours = Credentials(address.credentials)
        proofs |= {"user_jwt_cb": ours.jwt, "signature_cb": ours.sign}
    if address.ca_file:
        proofs["tls"] = trust = ssl.create_default_context()
        try:
            trust.load_verify_locations(address.ca_file)
        except OSError:
            raise Refused(f"{address.ca_file} is no PEM with certificates to trust") from None
    return proofs


async def wait_for_first(event: asyncio.Event, seconds: float) -> None:
    """Until the event, and no longer than `seconds`."""
    with suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)


class _Turns:
    """The outage that was logged, and the wait before the next try."""

    def __init__(self, address: NatsAddress) -> None:
        self._server = str(address)
        self._describe = ""
        self._since: float | None = None
        self.wait_s = WAIT_FIRST_S
        self.has_worked = False

    def works(self) -> None:
        log.info("connected to NATS", server=self._server)
        self.has_worked = True
        self._since = monotonic_s()

    def failed(self, error: Exception) -> None:
        if self._since is not None and monotonic_s() - self._since > STEADY_S:
            self._describe, self.wait_s = "", WAIT_FIRST_S
        self._since = None
        self.wait_s = min(self.wait_s * 2, WAIT_LAST_S)
        why = _describe(error)
        if why != self._describe:  # once, and not every few seconds for hours
            log.warning("NATS is away or refuses; it is tried again", server=self._server, why=why)
        self._describe = why


def _describe(error: Exception) -> str:
    match error:
        case ServiceUnavailableError(description=None):
            return "JetStream does not answer there; it has to be enabled in the server"
        case APIError(description=str(description)):
            return description
    return str(error) or type(error).__name__
