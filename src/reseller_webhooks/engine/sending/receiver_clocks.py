"""Clocks of receivers that refuse notifications: the last time seen from each host."""

from collections import OrderedDict
from collections.abc import Iterator

from reseller_webhooks.clock import monotonic_s
from reseller_webhooks.core.health import clocks
from reseller_webhooks.core.health.conditions import Condition

KEPT_S = 900.0
HOSTS_MAX = 1_000


class ReceiverClocks:
    """Offsets of hosts' clocks, positive if ahead of this machine's."""

    def __init__(self) -> None:
        self._hosts: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def note(self, host: str, ahead_s: int) -> None:
        """Record the clock of a host that refused a notification."""
        self._hosts[host] = ahead_s, monotonic_s()
        self._hosts.move_to_end(host)
        if len(self._hosts) > HOSTS_MAX:
            self._hosts.popitem(last=False)

    def ahead_s(self) -> int:
        """The offset of most hosts' clocks; 0 while too few hosts are known."""
        return clocks.receivers_ahead_s(self._recent())

    def conditions(self) -> Iterator[Condition]:
        """A condition if this machine's clock seems to be wrong."""
        return clocks.receiver_conditions(self._recent())

    def _recent(self) -> list[int]:
        since = monotonic_s() - KEPT_S
        return [ahead_s for ahead_s, at_s in self._hosts.values() if at_s > since]
