"""The clocks of receivers that refuse notifications: the last time that each host told."""

from collections import OrderedDict
from collections.abc import Iterator

from reseller_webhooks.clock import monotonic_s
from reseller_webhooks.core.health import clocks
from reseller_webhooks.core.health.conditions import Condition

KEPT_S = 900.0
HOSTS_MAX = 1_000


class ReceiverClocks:
    """By how much each host's clock is ahead of ours."""

    def __init__(self) -> None:
        self._hosts: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def note(self, host: str, ahead_s: int) -> None:
        """A host refused a notification, and its clock was ahead of ours by so much."""
        self._hosts[host] = ahead_s, monotonic_s()
        self._hosts.move_to_end(host)
        if len(self._hosts) > HOSTS_MAX:
            self._hosts.popitem(last=False)

    def ahead_s(self) -> int:
        """How far most of them are ahead; 0 while too few hosts have told their time."""
        return clocks.receivers_ahead_s(self._recent())

    def conditions(self) -> Iterator[Condition]:
        """Whether our clock seems to be wrong."""
        return clocks.receiver_conditions(self._recent())

    def _recent(self) -> list[int]:
        since = monotonic_s() - KEPT_S
        return [ahead_s for ahead_s, at_s in self._hosts.values() if at_s > since]
