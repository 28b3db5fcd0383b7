"""Interfaces that the engine needs; store_adapter.py and sending/sender.py implement them."""

from collections.abc import Awaitable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from reseller_webhooks.clock import Micros
from reseller_webhooks.core.deliveries.attempts import Attempt, Outgoing
from reseller_webhooks.core.deliveries.circuits import Circuit
from reseller_webhooks.core.deliveries.delivery import AttemptResult, ScanRequest
from reseller_webhooks.core.deliveries.fan_out_rules import FanOutStep
from reseller_webhooks.core.deliveries.leases import LeaseSnapshot
from reseller_webhooks.core.sync.due import DueIds, NewDeliveries, ScanResult
from reseller_webhooks.core.sync.horizon import Horizon
from reseller_webhooks.core.sync.revisions import Revised, Revisions
from reseller_webhooks.core.webhooks.webhook import OAuth2, Webhook


@dataclass(frozen=True, slots=True)
class WebhookSnapshot:
    """A webhook in the store; its settings are None if it was deleted."""

    id: int
    webhook: Webhook | None
    circuit: Circuit
    revision: int = 0


class Store(Protocol):
    """The store. Each call is one transaction; raises Unavailable if the store does not answer."""

    async def webhooks(self, parts: Collection[int]) -> list[WebhookSnapshot]:
        """The webhooks of these partitions, deleted ones left out."""

    async def webhooks_by_id(self, numbers: Collection[int]) -> list[WebhookSnapshot]:
        """These webhooks, including deleted ones."""

    async def webhook_horizon(self) -> Horizon:
        """The horizon of the webhooks' revisions."""

    async def changed_webhooks(self, horizon: Horizon, parts: Collection[int]) -> Revised:
        """Revisions of webhooks of these partitions that may be newer than a horizon."""

    async def revisions(self, parts: Collection[int]) -> Revisions:
        """The revision of every webhook of these partitions."""

    async def last_delivery(self) -> int:
        """The highest delivery id so far; ids are never reused."""

    async def new_deliveries(
        self, since: int, parts: Collection[int], *, include_due: bool
    ) -> NewDeliveries:
        """New deliveries with ids above `since`; include_due: with due ones of these partitions."""

    async def due_late_commits(self, horizon: Horizon, newest: int) -> DueIds:
        """Due deliveries with ids up to `newest` that may have been committed since a horizon."""

    async def first_due_s(self) -> dict[int, float]:
        """Seconds until the first unfinished delivery of each webhook is due."""

    async def pull_back(self, parts: Collection[int]) -> set[int]:
        """Shorten waits that a step of the store's clock has lengthened; returns the webhooks."""

    async def scan(self, asks: Sequence[ScanRequest]) -> list[ScanResult]:
        """The due deliveries for each request."""

    async def give_up(self, webhook_id: int, lease: tuple[int, int], before: Micros) -> int:
        """Close a batch of old deliveries to a dead receiver; returns the count.

        lease: the partition and the epoch under which this engine sends for the webhook.
        before: deliveries created before this time are closed.
        """

    async def fan_out(self, after: int, limit: int) -> FanOutStep | None:
        """Write about `limit` deliveries that a transaction of changes left to steps.

        after: the reseller of the step before. None if no fan-out is pending.
        """

    async def write_results(
        self, results: Sequence[AttemptResult], circuits: Mapping[int, Circuit]
    ) -> int:
        """Write results of attempts, and changed circuits.

        Returns how many results were refused because another worker owns their partition now.
        """


class LeaseStore(Protocol):
    """The store of leases. Calls raise Unavailable if it does not answer."""

    async def heartbeat(
        self,
        *,
        release: Collection[int],
        lapsed_too: bool,
        stands_back: bool,
        latest: Micros | None,
    ) -> LeaseSnapshot:
        """Renew, release and take leases; no lapsed ones after `latest`."""

    async def live_workers(self) -> frozenset[str]:
        """The live workers."""

    async def leave(self) -> None:
        """Release all leases and sign off."""


class Ownership(Protocol):
    """The partitions that this engine may send for."""

    @property
    def parts(self) -> Collection[int]:
        """Every held partition."""

    def in_time(self) -> bool:
        """True while the ownership certainly holds; otherwise no delivery may start."""

    def epoch(self, part: int) -> int | None:
        """The epoch under which requests for the partition may start, or None."""

    def hold_s(self, part: int) -> float:
        """Seconds for which a former owner's requests can still be in flight."""


class Send(Protocol):
    """Sends requests to receivers; returns an attempt whatever happens."""

    async def __call__(self, outgoing: Outgoing) -> Attempt:
        """Send one request."""


class LookUpTurn(Protocol):
    """Limits name look-ups and new connections."""

    def __call__(self, url: str, reseller_id: int) -> Awaitable[None] | None:
        """Wait for the turn of the URL's host; None if there is nothing to wait for."""


class TokenSource(Protocol):
    """Provides access tokens."""

    async def bearer(self, webhook_id: int, auth: OAuth2, reseller_id: int = 0) -> str | Attempt:
        """An access token, or the failed attempt if none could be had."""

    def forget(self, webhook_id: int, token: str) -> None:
        """Drop a token that the receiver rejected."""


class Clock(Protocol):
    """Time, CPU time and randomness."""

    def now(self) -> Micros:
        """The time of the store's clock."""

    def cpu_s(self) -> float:
        """CPU seconds that this process has used."""

    def chance(self) -> float:
        """A random number in [0, 1)."""
