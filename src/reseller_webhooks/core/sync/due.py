"""Due and new deliveries, as the store returns them to the engine."""

from dataclasses import dataclass

from reseller_webhooks.core.deliveries.delivery import FIRST, ScanPosition
from reseller_webhooks.core.deliveries.notification import DueDelivery
from reseller_webhooks.core.sync.horizon import Horizon


@dataclass(frozen=True, slots=True)
class ScanResult:
    """The due deliveries of a webhook.

    again_s: seconds until the next scan; None: wait until notified. upto: where the next scan may
    begin, unless something has changed.
    """

    due: list[DueDelivery]
    again_s: float | None
    upto: ScanPosition = FIRST

    @property
    def more(self) -> bool:
        """True if more deliveries may be due already."""
        return self.again_s == 0


@dataclass(frozen=True, slots=True)
class NewDeliveries:
    """New deliveries with ids up to `upto`. more: whether there are higher ids already.

    dirty: webhooks with new deliveries that are not in `due`.
    """

    upto: int
    due: list[DueDelivery]
    dirty: list[int]
    more: bool


@dataclass(frozen=True, slots=True)
class DueIds:
    """Webhook and delivery ids of due deliveries that may have been committed late.

    above: ids from which on that is possible; 0 for any id. upto: the highest id in `due` if there
    are more. horizon: the horizon after this read.
    """

    due: list[tuple[int, int]]
    above: int
    upto: int
    more: bool
    horizon: Horizon
