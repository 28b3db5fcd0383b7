"""Access tokens for webhooks with OAuth2: kept while they last, asked for once at a time.

The sender carries the requests, with the same guard, TLS and limits as for targets.
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
from reseller_webhooks.engine.sending.token_request import TokenError, parse_response, token_request

MARGIN_S = 60.0
"""A token is replaced this long before it expires, so that none expires on the way..."""
MARGIN_PART = 0.1
"""...but of a short life only this part, so that a token of one minute is still used."""
UNKNOWN_LIFE_S = 3600.0
"""When the server does not say: the example of the RFC. A 401 ends it sooner."""
LIFE_MAX_S = 86_400.0
"""Nobody is held to a token for longer than a day, whatever the server says."""
TOKENS_KEPT = 20_000
"""Twice the webhooks of a large installation; the oldest goes first."""


class Fetch(Protocol):
    """What is asked of the sender."""

    async def fetch(self, outgoing: Outgoing) -> tuple[Attempt, bytes]:
        """Send it once; the attempt and the start of the answer's body."""


@dataclass(frozen=True, slots=True)
class _Token:
    """A token in store. until_s: monotonic seconds. auth: what it was asked for with."""

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

    async def bearer(self, webhook_id: int, auth: OAuth2, reseller_id: int = 0) -> str | Attempt:
        """The access token to send, or the attempt that the failed handshake makes.

        Callers that come while one is asked for share its token or its failure. Asking has a
        deadline of its own, as long as the sender's.
        """
        kept = self._tokens.get(webhook_id)
        if kept is not None and kept.auth == auth and self._monotonic_s() < kept.until_s:
            return kept.text
        return await asyncio.shield(self._request(webhook_id, auth, reseller_id))

    def forget(self, webhook_id: int, token: str) -> None:
        """The receiver answered 401 to this token; a newer one is kept."""
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
        with observability.token_requests.track_inprogress():
            attempt, body = await self._sender.fetch(token_request(auth, reseller_id))
        got = parse_response(attempt, body, auth)
        if isinstance(got, TokenError):
            return _failed(attempt, got.detail)
        self._keep(webhook_id, _Token(got.text, asked_s + _usable_s(got.life_s), auth))
        return got.text

    def _keep(self, webhook_id: int, token: _Token) -> None:
        self._tokens.pop(webhook_id, None)
        self._tokens[webhook_id] = token
        if len(self._tokens) > TOKENS_KEPT:
            del self._tokens[next(iter(self._tokens))]


def _usable_s(life_s: float | None) -> float:
    if life_s is None:
        return UNKNOWN_LIFE_S
    life_s = min(life_s, LIFE_MAX_S)
    return life_s - min(MARGIN_S, MARGIN_PART * life_s)


def _failed(attempt: Attempt, why: Message) -> Attempt:
    """The attempt on the target that never was. Its status stays empty: the target said nothing."""
    if attempt.outcome is Outcome.REFUSED:
        return attempt._replace(message=why)
    return Attempt(
        Outcome.FAILED,
        attempt.ms,
        reason=Reason.OAUTH2,
        message=why,
        retry_after_s=attempt.retry_after_s,
    )
