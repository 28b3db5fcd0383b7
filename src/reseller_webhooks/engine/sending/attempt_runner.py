"""Runs one delivery attempt: access token, request, and the delivery's next state."""

from collections.abc import Callable
from dataclasses import dataclass

from reseller_webhooks.core.deliveries import cloudevents
from reseller_webhooks.core.deliveries.attempts import Attempt
from reseller_webhooks.core.deliveries.delivery import (
    DELIVERED,
    AttemptResult,
    Transition,
    after_attempt,
)
from reseller_webhooks.core.deliveries.notification import DueDelivery, outgoing
from reseller_webhooks.core.deliveries.retry import RetryPolicy
from reseller_webhooks.core.deliveries.secret_masking import without_secret
from reseller_webhooks.core.messages.attempts import TOKEN_RENEWED
from reseller_webhooks.core.webhooks.webhook import OAuth2, TokenAuth, Webhook
from reseller_webhooks.engine.ports import Clock, LookUpTurn, Send, TokenSource

UNAUTHORISED = 401


class LeaseLost(Exception):
    """The lease ended, or settings changed, before the request was sent."""


def _always() -> bool:
    return True


def _no_turn(url: str, reseller_id: int) -> None:
    """Return None: no name is looked up."""


@dataclass(frozen=True, slots=True)
class AttemptRunner:
    """Runs attempts. legacy_token: also send the token in AppDirect's older header.

    source: the source URL of CloudEvents. timeout_s: of one request. turn: waited for before an
    attempt begins, so that the wait does not count as the receiver's time.
    """

    send: Send
    tokens: TokenSource
    clock: Clock
    policy: RetryPolicy
    legacy_token: bool = False
    source: str = cloudevents.EVENTS
    timeout_s: float = 30.0
    turn: LookUpTurn = _no_turn

    @property
    def span_s(self) -> float:
        """The longest duration of a delivery's whole retry schedule."""
        return self.policy.span_s(self.timeout_s)

    async def run(
        self,
        webhook: Webhook,
        due: DueDelivery,
        part: int = 0,
        epoch: int = 0,
        may_send: Callable[[], bool] = _always,
    ) -> AttemptResult:
        """Attempt a delivery under a partition's lease. Raises LeaseLost if the lease ended."""
        if not may_send():  # the event loop may have stalled since the delivery started
            raise LeaseLost
        if (turn := self.turn(webhook.url, webhook.reseller_id)) is not None:
            await turn
            if not may_send():
                raise LeaseLost
        number = due.delivery.attempts + 1
        at = self.clock.now()
        result = await self.request(webhook, due, number=number, at=at, may_send=may_send)
        return AttemptResult(
            due.delivery, number, at, result, self._step(number, result), part, epoch
        )

    async def request(
        self,
        webhook: Webhook,
        due: DueDelivery,
        *,
        number: int,
        at: int,
        may_send: Callable[[], bool] = _always,
    ) -> Attempt:
        """Send one request; a failed token request is a failed attempt."""
        auth = webhook.auth
        if not isinstance(auth, OAuth2):
            return await self._send(webhook, due, number, at, None)
        bearer = await self.tokens.bearer(webhook.id, auth, webhook.reseller_id)
        if isinstance(bearer, Attempt):
            return bearer
        if not may_send():  # the token request may have taken as long as a request may
            raise LeaseLost
        result = await self._send(webhook, due, number, at, bearer)
        if result.status != UNAUTHORISED:
            return result
        if (renewed := await self._renewed_bearer(webhook, auth, bearer)) is None or not may_send():
            return result
        again = await self._send(webhook, due, number, at, renewed)
        if again.status == UNAUTHORISED:
            self.tokens.forget(webhook.id, renewed)
        return again._replace(ms=result.ms + again.ms, note=TOKEN_RENEWED())

    async def _renewed_bearer(self, webhook: Webhook, auth: OAuth2, refused: str) -> str | None:
        """A new token for one that may have been revoked; None if none could be had."""
        self.tokens.forget(webhook.id, refused)
        bearer = await self.tokens.bearer(webhook.id, auth, webhook.reseller_id)
        return None if isinstance(bearer, Attempt) else bearer

    def _step(self, number: int, result: Attempt) -> Transition:
        if result.accepted:  # the common case, without reading the clock
            return DELIVERED
        clock = self.clock
        return after_attempt(
            number, result, policy=self.policy, now=clock.now(), chance=clock.chance()
        )

    async def _send(
        self, webhook: Webhook, due: DueDelivery, number: int, at: int, bearer: str | None
    ) -> Attempt:
        attempt = await self.send(
            outgoing(
                webhook,
                due,
                number=number,
                at=at,
                bearer=bearer,
                legacy_token=self.legacy_token,
                source=self.source,
            )
        )
        secret = webhook.auth.token if isinstance(webhook.auth, TokenAuth) else bearer
        return without_secret(attempt, secret) if secret else attempt
