"""One attempt from start to end: token if need be, request, what it means for the delivery."""

from collections.abc import Callable
from dataclasses import dataclass

from reseller_webhooks.core.deliveries import cloudevents
from reseller_webhooks.core.deliveries import delivery as deliveries
from reseller_webhooks.core.deliveries.attempts import Attempt
from reseller_webhooks.core.deliveries.delivery import AttemptResult, Transition
from reseller_webhooks.core.deliveries.notification import DueDelivery, outgoing
from reseller_webhooks.core.deliveries.retry import RetryPolicy
from reseller_webhooks.core.deliveries.secret_masking import without_secret
from reseller_webhooks.core.webhooks.webhook import OAuth2, TokenAuth, Webhook
from reseller_webhooks.engine.ports import Clock, LookUpTurn, Send, TokenSource

UNAUTHORISED = 401


class LeaseLost(Exception):
    """Nothing was sent: when its turn or its access token came, it might not leave any more."""


def _always() -> bool:
    return True


def _no_turn(url: str, reseller_id: int) -> None:
    """Where no names are looked up."""


@dataclass(frozen=True, slots=True)
class AttemptRunner:
    """Makes attempts. legacy_token: also send the token under AppDirect's older name.

    source: what CloudEvents name as theirs, a URL. timeout_s: of one request, at the sender.
    turn: waited for before an attempt begins, so that it does not count as time of the receiver.
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
        """The longest time that a delivery's whole schedule takes."""
        return self.policy.span_s(self.timeout_s)

    async def run(
        self,
        webhook: Webhook,
        due: DueDelivery,
        part: int = 0,
        epoch: int = 0,
        may_leave: Callable[[], bool] = _always,
    ) -> AttemptResult:
        """Try a delivery once more, under the lease of a partition. Overtaken if that ended."""
        if not may_leave():  # it was started a turn of the loop ago, and that may have stood still
            raise LeaseLost
        if (turn := self.turn(webhook.url, webhook.reseller_id)) is not None:
            await turn
            if not may_leave():
                raise LeaseLost
        number = due.delivery.attempts + 1
        at = self.clock.now()
        result = await self.request(webhook, due, number=number, at=at, may_leave=may_leave)
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
        may_leave: Callable[[], bool] = _always,
    ) -> Attempt:
        """Send one request; a handshake that fails is a failed attempt with its reason."""
        if not isinstance(webhook.auth, OAuth2):
            return await self._send(webhook, due, number, at, None)
        bearer = await self.tokens.bearer(webhook.id, webhook.auth, webhook.reseller_id)
        if isinstance(bearer, Attempt):
            return bearer
        if not may_leave():  # the handshake may have taken as long as a request may
            raise LeaseLost
        result = await self._send(webhook, due, number, at, bearer)
        if result.status == UNAUTHORISED:
            # The receiver may have forgotten it early; the next attempt brings a new one.
            self.tokens.forget(webhook.id, bearer)
        return result

    def _step(self, number: int, result: Attempt) -> Transition:
        if result.accepted:  # nearly always, and then nobody need be asked for the time
            return deliveries.DELIVERED
        world = self.clock
        return deliveries.after_attempt(
            number, result, policy=self.policy, now=world.now(), chance=world.chance()
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
