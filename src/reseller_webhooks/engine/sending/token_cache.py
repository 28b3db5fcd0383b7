"""Access tokens of webhooks with OAuth2: cached until they expire, one token request at a time.

If the client authentication is automatic, a refusal of the client is answered with the next method.

The sender makes the requests, with the same address checks, TLS and limits as for targets.
"""

import asyncio
from asyncio import Task
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from reseller_webhooks import clock, observability
from reseller_webhooks.core.deliveries.attempts import Attempt, Outcome, Outgoing, Reason
from reseller_webhooks.core.messages import Message
from reseller_webhooks.core.webhooks.webhook import OAuth2
from reseller_webhooks.engine.sending.token_request import Method, methods_of, token_request
from reseller_webhooks.engine.sending.token_response import (
    TokenError,
    TokenResponse,
    parse_response,
)

MARGIN_S = 60.0
"""A token is replaced this long before it expires, so that none expires in flight..."""
MARGIN_PART = 0.1
"""...but at most this share of its lifetime, so that a token of one minute is still used."""
UNKNOWN_LIFE_S = 3600.0
"""Lifetime if the server gives none: the RFC's example. A 401 ends it sooner."""
LIFE_MAX_S = 86_400.0
"""A token is used for a day at most, whatever the server says."""
TOKENS_KEPT = 20_000
"""Twice the webhooks of a large installation; the oldest goes first."""


class Fetch(Protocol):
    """The sender's interface for token requests."""

    async def fetch(self, outgoing: Outgoing) -> tuple[Attempt, bytes]:
        """Send a request once; returns the attempt and the start of the response body."""


@dataclass(frozen=True, slots=True)
class _Token:
    """A cached token. until_s: monotonic seconds. auth: the credentials it was requested with."""

    text: str = field(repr=False)
    until_s: float
    auth: OAuth2


class TokenCache:
    """The access tokens of all webhooks of this process."""

    def __init__(
        self, sender: Fetch, *, monotonic_s: Callable[[], float] = clock.monotonic_s
    ) -> None:
        self._sender = sender
        self._monotonic_s = monotonic_s
        self._tokens: dict[int, _Token] = {}
        self._requests: dict[tuple[int, OAuth2], Task[str | Attempt]] = {}
        self._methods: dict[int, Method] = {}
        """The method of client authentication that worked last, by webhook."""

    async def bearer(self, webhook_id: int, auth: OAuth2, reseller_id: int = 0) -> str | Attempt:
        """The access token to send, or the failed attempt of the token request.

        Concurrent callers share one token request, which has the sender's deadline.
        """
        kept = self._tokens.get(webhook_id)
        if kept is not None and kept.auth == auth and self._monotonic_s() < kept.until_s:
            return kept.text
        return await asyncio.shield(self._request(webhook_id, auth, reseller_id))

    def forget(self, webhook_id: int, token: str) -> None:
        """Drop a token to which the receiver responded 401; a newer one is kept."""
        kept = self._tokens.get(webhook_id)
        if kept is not None and kept.text == token:
            del self._tokens[webhook_id]

    def _request(self, webhook_id: int, auth: OAuth2, reseller_id: int) -> Task[str | Attempt]:
        asking = self._requests.get((webhook_id, auth))
        if asking is None:
            asking = asyncio.ensure_future(self._fetch(webhook_id, auth, reseller_id))
            self._requests[webhook_id, auth] = asking
            asking.add_done_callback(lambda _: self._requests.pop((webhook_id, auth), None))
        return asking

    async def _fetch(self, webhook_id: int, auth: OAuth2, reseller_id: int) -> str | Attempt:
        asked_s = self._monotonic_s()
        failures: list[Attempt] = []
        for method in self._methods_of(webhook_id, auth):
            attempt, got = await self._ask(auth, method, reseller_id)
            if isinstance(got, TokenResponse):
                self._keep(webhook_id, _Token(got.text, asked_s + _usable_s(got.life_s), auth))
                self._methods[webhook_id] = method
                return got.text
            failures.append(_failed(attempt, got.detail))
            if not got.is_of_client:
                return failures[-1]
        return failures[0]

    async def _ask(
        self, auth: OAuth2, method: Method, reseller_id: int
    ) -> tuple[Attempt, TokenResponse | TokenError]:
        with observability.token_requests.track_inprogress():
            attempt, body = await self._sender.fetch(token_request(auth, method, reseller_id))
        return attempt, parse_response(attempt, body, auth, clock.now() / clock.SECOND)

    def _methods_of(self, webhook_id: int, auth: OAuth2) -> list[Method]:
        """The methods to try; first the one that worked last."""
        worked = self._methods.get(webhook_id)
        return sorted(methods_of(auth), key=lambda method: method is not worked)

    def _keep(self, webhook_id: int, token: _Token) -> None:
        self._tokens.pop(webhook_id, None)
        self._tokens[webhook_id] = token
        if len(self._tokens) > TOKENS_KEPT:
            oldest = next(iter(self._tokens))
            del self._tokens[oldest]
            self._methods.pop(oldest, None)


def _usable_s(life_s: float | None) -> float:
    if life_s is None:
        return UNKNOWN_LIFE_S
    life_s = min(life_s, LIFE_MAX_S)
    return life_s - min(MARGIN_S, MARGIN_PART * life_s)


def _failed(attempt: Attempt, why: Message) -> Attempt:
    """The attempt for the target, which got no request: it has no status."""
    if attempt.outcome is Outcome.REFUSED:
        return attempt._replace(message=why)
    return Attempt(
        Outcome.FAILED,
        attempt.ms,
        reason=Reason.OAUTH2,
        message=why,
        retry_after_s=attempt.retry_after_s,
    )
