"""What the engine asks of the world. The real ones are in store_port.py and sender.py."""

from collections.abc import Awaitable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from reseller_webhooks.clock import Micros
from reseller_webhooks.core.deliveries.attempts import Attempt, Outgoing
from reseller_webhooks.core.deliveries.circuits import Circuit
from reseller_webhooks.core.deliveries.delivery import AttemptResult, ScanRequest
from reseller_webhooks.core.sync.horizon import Horizon
from reseller_webhooks.core.webhooks.webhook import OAuth2, Webhook
from reseller_webhooks.operations.delivery_queue import DueIds, NewDeliveries, ScanResult
from reseller_webhooks.operations.fan_out import FanOutStep
from reseller_webhooks.operations.leases import LeaseSnapshot
from reseller_webhooks.operations.revisions import Revised, Revisions


@dataclass(frozen=True, slots=True)
class WebhookSnapshot:
    """A webhook as the store has it: None when it was deleted, and then nothing is sent."""

    id: int
    webhook: Webhook | None
    circuit: Circuit
    revision: int = 0


class Store(Protocol):
    """Each call is one transaction. Unavailable when the store does not answer."""

    async def webhooks(self, parts: Collection[int]) -> list[WebhookSnapshot]:
        """The webhooks of some partitions that were not deleted."""

    async def webhooks_by_id(self, numbers: Collection[int]) -> list[WebhookSnapshot]:
        """These webhooks, deleted or not."""

    async def webhook_horizon(self) -> Horizon:
        """The horizon of the webhooks' revisions."""

    async def changed_webhooks(self, horizon: Horizon, parts: Collection[int]) -> Revised:
        """Revisions of some partitions' webhooks that may have become visible since a horizon."""

    async def revisions(self, parts: Collection[int]) -> Revisions:
        """The revision of every webhook of some partitions."""

    async def last_delivery(self) -> int:
        """The last number that a delivery was given; none is given twice."""

    async def new_deliveries(
        self, since: int, parts: Collection[int], *, bring: bool
    ) -> NewDeliveries:
        """Deliveries numbered above `since`; with bring, those of some partitions come along."""

    async def due_late_commits(self, horizon: Horizon, newest: int) -> DueIds:
        """Due deliveries numbered up to `newest` that may have become visible since a horizon."""

    async def first_due_s(self) -> dict[int, float]:
        """For each webhook that has unfinished deliveries, seconds until the first is due."""

    async def pull_back(self, parts: Collection[int]) -> set[int]:
        """Make deliveries of some partitions wait no longer than their own wait; their webhooks.

        There are some only after the store's clock was stepped back.
        """

    async def scan(self, asks: Sequence[ScanRequest]) -> list[ScanResult]:
        """What is due, for each ask."""

    async def give_up(self, webhook_id: int, lease: tuple[int, int], before: Micros) -> int:
        """Close a batch of what was created before then and a dead receiver never took; how many.

        lease: the partition and the epoch under which this engine sends for the webhook.
        """

    async def fan_out(self, after: int, limit: int) -> FanOutStep | None:
        """Make about `limit` deliveries that a transaction of changes left to steps.

        after: the reseller whose turn was before. None when nothing is left to do.
        """

    async def write_results(
        self, made: Sequence[AttemptResult], circuits: Mapping[int, Circuit]
    ) -> int:
        """Write what attempts have come to, and circuits as they are now.

        How many results were left out, because another worker owns their partition now.
        """


class LeaseStore(Protocol):
    """Where workers agree on who sends for what. Unavailable when it does not answer."""

    async def heartbeat(
        self,
        *,
        release: Collection[int],
        lapsed_too: bool,
        stands_back: bool,
        latest: Micros | None,
    ) -> LeaseSnapshot:
        """Renew, give back, take; nothing lapsed if the store's clock is past `latest`."""

    async def live_workers(self) -> frozenset[str]:
        """The workers that live."""

    async def leave(self) -> None:
        """Give everything back and be gone."""


class Ownership(Protocol):
    """Which partitions this engine may send for."""

    @property
    def parts(self) -> Collection[int]:
        """Every partition that is held."""

    def in_time(self) -> bool:
        """Whether that surely holds still; if not, nothing may start."""

    def epoch(self, part: int) -> int | None:
        """The epoch under which requests for the partition may start, or None."""

    def hold_s(self, part: int) -> float:
        """How long a former owner's requests can still be travelling."""


class Send(Protocol):
    """The one seam to the network; it answers with an attempt whatever happens."""

    async def __call__(self, outgoing: Outgoing) -> Attempt:
        """Send one request."""


class LookUpTurn(Protocol):
    """Where a request waits whose host must be looked up while others are."""

    def __call__(self, url: str, reseller_id: int) -> Awaitable[None] | None:
        """Wait for the turn of the URL's host; None when there is nothing to wait for."""


class TokenSource(Protocol):
    """Where access tokens come from."""

    async def bearer(self, webhook_id: int, auth: OAuth2, reseller_id: int = 0) -> str | Attempt:
        """A token, or the failed attempt that the handshake makes."""

    def forget(self, webhook_id: int, token: str) -> None:
        """The receiver did not take this token."""


class Clock(Protocol):
    """Time, also the processor's, and chance."""

    def now(self) -> Micros:
        """Wall time, on the store's clock."""

    def cpu_s(self) -> float:
        """Processor seconds that this process has used."""

    def chance(self) -> float:
        """A number in [0, 1)."""
