"""Sends requests to receivers; every request results in an attempt."""

import traceback
from collections.abc import Awaitable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import structlog

from reseller_webhooks import clock, observability
from reseller_webhooks.core.deliveries.attempts import (
    REFUSES_TIMESTAMPS,
    Attempt,
    Outcome,
    Outgoing,
    Reason,
    from_status,
    http_date_s,
    kept_headers,
    response_start,
    retry_after_s,
    with_clock,
)
from reseller_webhooks.core.errors import Invalid
from reseller_webhooks.core.messages.attempts import ANSWER_ODD, SENDING_FAILED
from reseller_webhooks.core.webhooks.ip_policy import ONLY_PUBLIC, TargetNetworks
from reseller_webhooks.core.webhooks.target_url import host_of
from reseller_webhooks.engine.sending.failures import Failure, RequestContext, failure_of
from reseller_webhooks.engine.sending.http1.connection_turns import ConnectionTurns
from reseller_webhooks.engine.sending.http1.errors import ConnectionLost
from reseller_webhooks.engine.sending.http1.name_lookups import Resolve
from reseller_webhooks.engine.sending.http1.pool import Pool
from reseller_webhooks.engine.sending.http1.request import Origin, origin_of_url, request_bytes
from reseller_webhooks.engine.sending.http1.response import Response
from reseller_webhooks.engine.sending.http1.semaphore import FastSemaphore
from reseller_webhooks.engine.sending.http1.ssrf_guard import AddressGuard
from reseller_webhooks.engine.sending.trusted_certificates import TrustedCertificates

LIMIT = 2000
"""Requests at once. Each needs a socket and about 100 KB for TLS."""
STALE_WITHIN_S = 1.0
"""A connection that the receiver had already closed fails within a round trip. A later loss is a
failure of the receiver."""

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Timing:
    """A request's deadline and duration. began_s: on the monotonic clock."""

    began_s: float
    timeout_s: float

    @property
    def until_s(self) -> float:
        return self.began_s + self.timeout_s

    @property
    def ms(self) -> int:
        return round((clock.monotonic_s() - self.began_s) * 1000)

    async def exclude(self, wait: Awaitable[None]) -> None:
        """Exclude a wait from the receiver's time."""
        since_s = clock.monotonic_s()
        await wait
        self.began_s += clock.monotonic_s() - since_s


class Sender:
    """Posts to receivers over vetted, verified, kept-alive connections.

    networks: networks that targets may be in though they are not global, or never. ca_file:
    trusted beside the system's authorities; raises Refused if it cannot be used. limit: concurrent
    requests; the wait for a slot does not count against the deadline. resolve: see NameLookups.
    Use it on the event loop where it was opened: `async with Sender() as sender`.
    """

    def __init__(
        self,
        *,
        timeout_s: float = 30.0,
        ca_file: Path | None = None,
        networks: TargetNetworks = ONLY_PUBLIC,
        limit: int = LIMIT,
        resolve: Resolve | None = None,
    ) -> None:
        self._timeout_s = timeout_s
        self.trust = TrustedCertificates(ca_file)
        self._networks, self._resolve = networks, resolve
        self._limit = limit
        self._slots = FastSemaphore(limit)
        self._connection_turns = ConnectionTurns()

    async def open(self) -> None:
        """Open the connection pool, on the running event loop."""
        self._guard = AddressGuard(self._networks, self._resolve)
        self._pool = Pool(self._guard, tls=lambda: self.trust.context, kept=self._limit)
        names = self._guard.names
        observability.name_lookups.set_function(lambda: names.in_use)
        turns = self._connection_turns
        observability.connections_waiting.set_function(lambda: turns.waiting)
        observability.name_lookups_waiting.set_function(lambda: names.waiting)

    async def close(self) -> None:
        """Close every connection, including those in use."""
        await self._pool.close()
        await self._guard.close()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def turn(self, url: str, reseller_id: int) -> Awaitable[None] | None:
        """Wait until a request to the URL may be made; None if it may be made now.

        The wait is for other connections and name look-ups. It is not the receiver's time, so the
        caller waits before `send`.
        """
        try:
            target = origin_of_url(url)
        except Invalid:
            return None  # `send` reports it
        if self._pool.has_idle(target):
            return None
        look_up = self._look_up_turn(target, reseller_id)
        connect = self._connection_turns.take(reseller_id)
        return _both(look_up, connect) if look_up and connect else look_up or connect

    async def send(self, outgoing: Outgoing) -> Attempt:
        """Send a request once. Raises nothing but CancelledError."""
        attempt, _ = await self._send(outgoing)
        return attempt

    async def fetch(self, outgoing: Outgoing) -> tuple[Attempt, bytes]:
        """Like `turn` and `send`, with up to RESPONSE_BYTES_READ of the response body."""
        if (turn := self.turn(outgoing.url, outgoing.reseller_id)) is not None:
            await turn
        return await self._send(outgoing)

    async def _send(self, outgoing: Outgoing) -> tuple[Attempt, bytes]:
        if not self._slots.try_acquire():
            await self._slots.acquire()
        timing = _Timing(clock.monotonic_s(), self._timeout_s)
        try:
            answer = await self._exchange(outgoing, timing)
        except Exception as error:
            return self._failed(error, outgoing.url, timing), b""
        finally:
            self._slots.release()
        return _answered(answer, outgoing, timing), answer.body

    async def _exchange(self, outgoing: Outgoing, timing: _Timing) -> Response:
        target = origin_of_url(outgoing.url)
        request = request_bytes(target, outgoing.headers, outgoing.body)
        kept = self._pool.take(target)
        if kept is not None:
            try:
                return await kept.request(request, timing.until_s)
            except ConnectionLost as lost:
                # The request and the receiver's close of an idle connection crossed. A repeat is
                # safe, because receivers recognise one by its webhook-id.
                if not lost.silent or clock.monotonic_s() - timing.began_s > STALE_WITHIN_S:
                    raise
        if (turn := self._look_up_turn(target, outgoing.reseller_id)) is not None:
            await timing.exclude(turn)
        fresh = await self._pool.open(target, timing.until_s)
        return await fresh.request(request, timing.until_s)

    def _look_up_turn(self, target: Origin, reseller_id: int) -> Awaitable[None] | None:
        if target.is_address:
            return None
        return self._guard.names.turn(target.name, reseller_id)

    def _failed(self, error: Exception, url: str, timing: _Timing) -> Attempt:
        why = failure_of(error, RequestContext(host_of(url), self._timeout_s))
        if why is None:
            # Only the place: local variables, and so some messages, hold secrets.
            log.error(
                "sending broke",
                error=type(error).__name__,
                where=traceback.format_tb(error.__traceback__, limit=-3),
            )
            why = Failure(Reason.PROTOCOL, SENDING_FAILED())
        refused = why.reason in (Reason.FORBIDDEN_URL, Reason.FORBIDDEN_ADDRESS)
        outcome = Outcome.REFUSED if refused else Outcome.FAILED
        return Attempt(
            outcome, timing.ms, None, why.reason, why.message, unreachable=why.unreachable
        )


async def _both(first: Awaitable[None], second: Awaitable[None]) -> None:
    await first
    await second


def _answered(answer: Response, outgoing: Outgoing, timing: _Timing) -> Attempt:
    headers = kept_headers(tuple(answer.headers)) if answer.headers else None
    date = (headers or {}).get("date", "")
    attempt = from_status(
        answer.status,
        timing.ms,
        retry_after_s=_retry_after_s(answer, date) if answer.retry_after else 0,
        response=response_start(answer.body),
        headers=headers,
    )
    if answer.odd:
        attempt = attempt._replace(note=ANSWER_ODD(why=answer.odd))
    sent_at = outgoing.headers.get("webhook-timestamp")
    if sent_at and answer.status in REFUSES_TIMESTAMPS:
        return with_clock(attempt, date, float(sent_at))
    return attempt


def _retry_after_s(answer: Response, date: str) -> int:
    """A date in Retry-After is compared with the receiver's clock, as the Date header has it."""
    now_s = http_date_s(date)
    now = clock.now() if now_s is None else round(now_s * clock.SECOND)
    return retry_after_s((answer.retry_after or b"").decode("latin-1"), now)
