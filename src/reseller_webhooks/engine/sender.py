"""The sender, the one seam to receivers: a request goes in and an attempt comes out, always."""

import asyncio
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Self

import structlog
from aiohttp import (
    ClientConnectionError,
    ClientRequest,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    ServerDisconnectedError,
)
from multidict import istr
from yarl import URL

from reseller_webhooks import clock
from reseller_webhooks.core.addresses import Network
from reseller_webhooks.core.attempts import (
    RESPONSE_BYTES_READ,
    Attempt,
    Outcome,
    Outgoing,
    Reason,
    from_status,
    response_start,
    retry_after_s,
)
from reseller_webhooks.core.targets import check_url, host_of
from reseller_webhooks.engine.failures import Failure, Trip, failure_of
from reseller_webhooks.engine.guard import Guard, Resolve
from reseller_webhooks.engine.pool import Pool, Reached, fresh_connections, reached, tls_context

LIMIT = 2000
"""Requests at once. Each needs a socket and about 100 KB for TLS."""
STALE_WITHIN_S = 1.0
"""A connection that the receiver had already closed fails within a round trip. What takes longer
was cut off at work, and is a failure of the receiver."""
URLS_KEPT = 16_384
"""Checked and parsed URLs; a large installation has about as many webhooks."""
BROKEN = "our own program could not send this; the service's log says more"

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Answer:
    """What has come back so far."""

    status: int | None = None
    retry_after: str = ""
    body: bytes = b""


class _Request(ClientRequest):
    """A request with no headers but ours; without Accept-Encoding answers are not compressed."""

    # skip_auto_headers does the same with twice the work.
    DEFAULT_HEADERS: dict[istr, str] = {}  # noqa: RUF012 - as aiohttp declares it


class Sender:
    """Posts to receivers over guarded, verified, kept-alive connections.

    allowed: networks that targets may be in though not global. ca_file: trusted beside the
    system's authorities. limit: requests at once; more wait their turn, outside their deadline.
    resolve: see Guard. Refused when the ca_file cannot be used. Open it where it will be used:
    `async with Sender() as sender`.
    """

    def __init__(
        self,
        *,
        timeout_s: float = 30.0,
        ca_file: Path | None = None,
        allowed: Sequence[Network] = (),
        limit: int = LIMIT,
        resolve: Resolve | None = None,
    ) -> None:
        self._timeout_s = timeout_s
        self._tls = tls_context(ca_file)
        self._allowed, self._resolve = allowed, resolve
        self._limit = limit
        self._turns = asyncio.Semaphore(limit)

    async def open(self) -> None:
        """Make ready to send, on the running event loop."""
        self._guard = Guard(self._allowed, self._resolve)
        self._pool = Pool(self._guard, tls=self._tls, kept=self._limit)
        self._session = ClientSession(
            connector=self._pool,
            cookie_jar=DummyCookieJar(),
            request_class=_Request,
            auto_decompress=False,  # a few bytes could become gigabytes
            read_bufsize=RESPONSE_BYTES_READ,
            timeout=ClientTimeout(),  # none: there is one deadline, around everything
        )

    async def close(self) -> None:
        """Close every connection, also those in use."""
        await self._session.close()
        await self._guard.close()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def send(self, outgoing: Outgoing) -> Attempt:
        """Send it once and say what came of it. Raises nothing but CancelledError."""
        attempt, _ = await self.fetch(outgoing)
        return attempt

    async def fetch(self, outgoing: Outgoing) -> tuple[Attempt, bytes]:
        """As `send`, with up to RESPONSE_BYTES_READ of the answer's body."""
        async with self._turns:
            began_s = clock.monotonic_s()
            answer = _Answer()
            failure = await self._exchange(outgoing, answer)
            ms = round((clock.monotonic_s() - began_s) * 1000)
        return _attempt(answer, failure, ms), answer.body

    async def _exchange(self, outgoing: Outgoing, answer: _Answer) -> Failure | None:
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._post(_parsed(outgoing.url), outgoing, answer)
        except Exception as error:
            return self._failure(error, outgoing.url)
        return None

    async def _post(self, url: URL, outgoing: Outgoing, answer: _Answer) -> None:
        began_s = clock.monotonic_s()
        try:
            await self._post_once(url, outgoing, answer)
        except ClientConnectionError as error:
            if not _was_stale(error, answer, began_s):
                raise
            with fresh_connections():
                await self._post_once(url, outgoing, answer)

    async def _post_once(self, url: URL, outgoing: Outgoing, answer: _Answer) -> None:
        async with self._session.post(
            url, data=outgoing.body, headers=outgoing.headers, allow_redirects=False
        ) as response:
            answer.status = response.status
            answer.retry_after = response.headers.get("Retry-After", "")
            await _read_start(response, answer)

    def _failure(self, error: Exception, url: str) -> Failure:
        connected = reached() is not Reached.NOTHING
        failure = failure_of(error, Trip(host_of(url), self._timeout_s, connected))
        if failure is None:
            # Only where it happened: the values in the frames, and so in some messages, are secret.
            log.error(
                "sending broke",
                error=type(error).__name__,
                where=traceback.format_tb(error.__traceback__, limit=-3),
            )
        return failure or Failure(Reason.PROTOCOL, BROKEN)


@lru_cache(maxsize=URLS_KEPT)
def _parsed(url: str) -> URL:
    # Whoever stored the URL checked it. This is the last place to see that nothing goes out in
    # clear. encoded: what the receiver's owner entered is what the receiver sees.
    return URL(check_url(url), encoded=True)


async def _read_start(response: ClientResponse, answer: _Answer) -> None:
    """Read up to the limit. What is left then makes the connection unfit to be used again."""
    while len(answer.body) < RESPONSE_BYTES_READ and not response.content.at_eof():
        answer.body += await response.content.read(RESPONSE_BYTES_READ - len(answer.body))


def _was_stale(error: Exception, answer: _Answer, began_s: float) -> bool:
    """Whether the receiver had closed the connection before our request reached it.

    It happens to every client that keeps connections: the request and the close cross on the way.
    A repeat is safe, because a receiver knows one by its webhook-id.
    """
    if reached() is not Reached.REUSED or answer.status is not None or _broke_off(error):
        return False
    return clock.monotonic_s() - began_s < STALE_WITHIN_S


def _broke_off(error: Exception) -> bool:
    """Whether the first bytes of an answer were there; aiohttp then gives them as the message."""
    return isinstance(error, ServerDisconnectedError) and not isinstance(error.message, str)


def _attempt(answer: _Answer, failure: Failure | None, ms: int) -> Attempt:
    if answer.status is not None:
        # A status that has arrived is the receiver's answer. Whether the rest of the body stalls,
        # breaks off or never ends changes nothing: after a 2xx the receiver has the notification,
        # and to send it again would only make it handle it twice.
        return from_status(
            answer.status,
            ms,
            retry_after_s=retry_after_s(answer.retry_after, clock.now()),
            response=response_start(answer.body),
        )
    why = failure or Failure(Reason.PROTOCOL, BROKEN)
    refused = why.reason in (Reason.FORBIDDEN_URL, Reason.FORBIDDEN_ADDRESS)
    return Attempt(Outcome.REFUSED if refused else Outcome.FAILED, ms, None, why.reason, why.detail)
