"""Egress health: if nearly no host is reachable, this machine's network is probably at fault.

A worker without a network would otherwise use up the attempts of every delivery and open every
circuit. While its egress is suspected, it only probes, and failures count for no receiver.

Receivers belong to others, who must not be able to trigger this easily. So a host counts only if
this worker has reached it before, and only when it does not respond at all (a refused connection is
a response), and all hosts of a reseller together have one vote.
"""

from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import NamedTuple, Self
from urllib.parse import urlsplit

import structlog

from reseller_webhooks.core.deliveries.attempts import Attempt, Outcome, Reason
from reseller_webhooks.core.rules import Rule, implements
from reseller_webhooks.core.webhooks.webhook import Webhook

WINDOW_S = 60.0
"""Seconds for which the last attempt on a host counts."""
HOSTS_MIN = 10
"""Unreachable hosts needed: fewer may well be down at the same time."""
SHARE = 0.9
PROBE_EVERY_S = 1.0
"""One probe per reseller, so that one reseller's dead hosts do not use up all probes."""
STAND_BACK_S, BACK_EVERY_S = 50.0, 60.0
"""For ten seconds of each minute the worker claims its partitions again, and probes."""
LONGEST_S = 900.0
"""After this long, failures count again: perhaps all receivers are down."""
AGAIN_S = 1.0
"""Seconds between records that a host is reachable."""
KNOWN_MAX = 100_000
"""Reached hosts to remember."""

log = structlog.get_logger()


class HostKey(NamedTuple):
    """A host in the webhook URLs of a reseller."""

    reseller_id: int
    host: str

    @classmethod
    def from_webhook(cls, webhook: Webhook) -> Self:
        """The host of the webhook's URL."""
        return cls(webhook.reseller_id, urlsplit(webhook.url).netloc)


class EgressHealth:
    """Judges this machine's egress by recent attempts. at: the event loop's time.

    on_recovery: called when the egress is no longer suspected.
    """

    def __init__(self, on_recovery: Callable[[], None]) -> None:
        self._on_recovery = on_recovery
        self.suspected_since: float | None = None
        """Time since which the egress is suspect, or None."""
        self._reached: OrderedDict[HostKey, None] = OrderedDict()
        """Hosts that this worker has reached."""
        self._seen: OrderedDict[HostKey, tuple[float, bool]] = OrderedDict()
        """The time of the last attempt on each reached host, and whether it was unreachable."""
        self._hosts_seen, self._hosts_missed = Counter[int](), Counter[int]()
        """The number of hosts in `_seen` by reseller, and of those that were unreachable."""
        self._probe_at: dict[int, float] = {}

    @property
    def is_suspected(self) -> bool:
        """True while only probes are sent."""
        return self.suspected_since is not None

    def may_start(self, reseller_id: int, at: float) -> bool:
        """True if a request may be sent; while the egress is suspected, one probe a second."""
        since = self.suspected_since
        return since is None or at >= self._probe_at.get(reseller_id, since)

    def yields(self, at: float) -> bool:
        """True if partitions are left to other workers; not always, since probes need some."""
        since = self.suspected_since
        return since is not None and (at - since) % BACK_EVERY_S < STAND_BACK_S

    def request_started(self, reseller_id: int, at: float) -> None:
        """A request was sent."""
        if self.suspected_since is not None:
            self._probe_at[reseller_id] = at + PROBE_EVERY_S

    def counts_for_receiver(self, host: HostKey, attempt: Attempt, at: float) -> bool:
        """Record an attempt. Returns whether it counts for the receiver."""
        if attempt.outcome is Outcome.REFUSED or attempt.reason is Reason.OAUTH2:
            return True
        if attempt.unreachable:
            self._note_unreachable(host, at)
            return self.suspected_since is None
        before = self._seen.get(host)
        if before is not None and not before[1] and at - before[0] < AGAIN_S:
            return True  # recorded as reachable a moment ago
        self._stop_suspecting("hosts can be reached again", at)
        self._remember(host)
        self._record(host, at, missed=False)
        self._expire(at - WINDOW_S)
        return True

    def forget(self, host: HostKey) -> None:
        """Forget a host that another worker sends to now."""
        self._discard(host)

    def _note_unreachable(self, host: HostKey, at: float) -> None:
        if self.suspected_since is not None and at - self.suspected_since > LONGEST_S:
            self._reached.clear()  # become suspect again only once hosts were reached
            self._stop_suspecting("no host can be reached for long; failures count again", at)
        if host in self._reached:
            self._record(host, at, missed=True)
        self._expire(at - WINDOW_S)
        if self.suspected_since is None and self._is_unreachable():
            log.error("nearly no host can be reached; this machine's network is suspected")
            self.suspected_since = at
            self._probe_at.clear()

    @implements(Rule.EGRESS_HEALTH)
    def _is_unreachable(self) -> bool:
        if self._hosts_missed.total() < HOSTS_MIN:
            return False
        missed = self._hosts_missed
        lost = sum(missed[key] >= SHARE * hosts for key, hosts in self._hosts_seen.items())
        return lost >= SHARE * len(self._hosts_seen)

    def _stop_suspecting(self, why: str, at: float) -> None:
        if self.suspected_since is None:
            return
        log.warning(why, suspected_s=round(at - self.suspected_since))
        self.suspected_since = None
        self._seen.clear()
        self._hosts_seen.clear()
        self._hosts_missed.clear()
        self._on_recovery()

    def _remember(self, host: HostKey) -> None:
        self._reached[host] = None
        self._reached.move_to_end(host)
        if len(self._reached) > KNOWN_MAX:
            self._reached.popitem(last=False)

    def _record(self, host: HostKey, at: float, *, missed: bool) -> None:
        self._discard(host)
        self._seen[host] = (at, missed)
        self._hosts_seen[host.reseller_id] += 1
        self._hosts_missed[host.reseller_id] += missed

    def _discard(self, host: HostKey) -> None:
        if host not in self._seen:
            return
        _, missed = self._seen.pop(host)
        self._hosts_missed[host.reseller_id] -= missed
        self._hosts_seen[host.reseller_id] -= 1
        if not self._hosts_seen[host.reseller_id]:
            del self._hosts_seen[host.reseller_id], self._hosts_missed[host.reseller_id]

    def _expire(self, until: float) -> None:
        while self._seen:
            host, (at, _) = next(iter(self._seen.items()))
            if at > until:
                return
            self._discard(host)
