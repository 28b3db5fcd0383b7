"""Self-egress: when nearly no host can be reached, the fault is more likely here.

A worker without a network would otherwise use up the attempts of every delivery and open every
circuit. While it suspects itself it only probes, and what fails then is not held against anybody.

Webhooks are other people's, so it must not be easy to make us suspect ourselves. A host testifies
only if it was reached from here before, only by giving no sign at all (a refusal is one), and all
hosts of a reseller together have one voice.
"""

from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import NamedTuple

import structlog

from reseller_webhooks.core.deliveries.attempts import Attempt, Outcome, Reason

WINDOW_S = 60.0
"""What was seen of a host before that says nothing of now."""
HOSTS_MIN = 10
"""Of fewer hosts, all may well be down at once."""
SHARE = 0.9
PROBE_EVERY_S = 1.0
"""For each reseller, so that the dead hosts of one do not keep those of another from proving it."""
STAND_BACK_S, BACK_EVERY_S = 50.0, 60.0
"""For ten seconds of each minute it asks for its share again, and probes."""
LONGEST_S = 900.0
"""After a quarter of an hour failures count again: perhaps they are all down."""
AGAIN_S = 1.0
"""How often it is noted anew that a host is there."""
KNOWN_MAX = 100_000
"""Hosts of which it is remembered that they were reached."""

log = structlog.get_logger()


class HostKey(NamedTuple):
    """A host, as a webhook of that reseller names it."""

    reseller_id: int
    host: str


class EgressHealth:
    """What the hosts of late say about us. Instants are the loop's seconds."""

    def __init__(self, ended: Callable[[], None]) -> None:
        self._ended = ended
        self.since: float | None = None
        """When we began to suspect ourselves, or None."""
        self._known: OrderedDict[HostKey, None] = OrderedDict()
        """Hosts that were reached from here."""
        self._seen: OrderedDict[HostKey, tuple[float, bool]] = OrderedDict()
        """Known hosts as they were seen last, and whether there was no sign of them."""
        self._heard, self._missed = Counter[int](), Counter[int]()
        """How many of those each reseller has, and of how many there was no sign."""
        self._probe_at: dict[int, float] = {}

    def may_start(self, reseller_id: int, at: float) -> bool:
        """Whether a request may go out: all when we trust ourselves, else one now and then."""
        return self.since is None or at >= self._probe_at.get(reseller_id, self.since)

    def yields(self, at: float) -> bool:
        """Whether others should rather send; not always, since who has nothing cannot probe."""
        return self.since is not None and (at - self.since) % BACK_EVERY_S < STAND_BACK_S

    def started(self, reseller_id: int, at: float) -> None:
        """A request went out."""
        if self.since is not None:
            self._probe_at[reseller_id] = at + PROBE_EVERY_S

    def counts_for_receiver(self, host: HostKey, attempt: Attempt, at: float) -> bool:
        """Note how an attempt has ended; whether it is to be held against its receiver."""
        if attempt.outcome is Outcome.REFUSED or attempt.reason is Reason.OAUTH2:
            return True
        if attempt.unreachable:
            self._miss(host, at)
            return self.since is None
        before = self._seen.get(host)
        if before is not None and not before[1] and at - before[0] < AGAIN_S:
            return True  # was there a moment ago, too
        self._trust("hosts can be reached again", at)
        self._know(host)
        self._see(host, at, missed=False)
        self._forget(at - WINDOW_S)
        return True

    def forget(self, host: HostKey) -> None:
        """Another worker sends to it now, so its answers to this one prove nothing any more."""
        self._unsee(host)

    def _miss(self, host: HostKey, at: float) -> None:
        if self.since is not None and at - self.since > LONGEST_S:
            self._known.clear()  # suspect again only once some were reached
            self._trust("no host can be reached for long; failures count again", at)
        if host in self._known:
            self._see(host, at, missed=True)
        self._forget(at - WINDOW_S)
        if self.since is None and self._is_unreachable():
            log.error("nearly no host can be reached; this machine's network is suspected")
            self.since = at
            self._probe_at.clear()

    def _is_unreachable(self) -> bool:
        if self._missed.total() < HOSTS_MIN:
            return False
        lost = sum(self._missed[one] >= SHARE * hosts for one, hosts in self._heard.items())
        return lost >= SHARE * len(self._heard)

    def _trust(self, why: str, at: float) -> None:
        if self.since is None:
            return
        log.warning(why, suspected_s=round(at - self.since))
        self.since = None
        self._seen.clear()
        self._heard.clear()
        self._missed.clear()
        self._ended()

    def _know(self, host: HostKey) -> None:
        self._known[host] = None
        self._known.move_to_end(host)
        if len(self._known) > KNOWN_MAX:
            self._known.popitem(last=False)

    def _see(self, host: HostKey, at: float, *, missed: bool) -> None:
        self._unsee(host)
        self._seen[host] = (at, missed)
        self._heard[host.reseller_id] += 1
        self._missed[host.reseller_id] += missed

    def _unsee(self, host: HostKey) -> None:
        if host not in self._seen:
            return
        _, missed = self._seen.pop(host)
        self._missed[host.reseller_id] -= missed
        self._heard[host.reseller_id] -= 1
        if not self._heard[host.reseller_id]:
            del self._heard[host.reseller_id], self._missed[host.reseller_id]

    def _forget(self, until: float) -> None:
        while self._seen:
            host, (at, _) = next(iter(self._seen.items()))
            if at > until:
                return
            self._unsee(host)
