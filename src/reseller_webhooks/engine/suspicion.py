"""Self-suspicion: when nearly no host can be reached, the fault is more likely here.

A worker without a network would otherwise use up the attempts of every delivery and open every
circuit. While it suspects itself it only probes, and what fails then is not held against anybody.
"""

from collections import OrderedDict
from collections.abc import Callable

import structlog

from reseller_webhooks.core.attempts import Attempt, Outcome, Reason

WINDOW_S = 60.0
"""What was seen of a host before that says nothing of now."""
HOSTS_MIN = 10
"""Of fewer hosts, all may well be down at once."""
SHARE = 0.9
PROBE_EVERY_S = 1.0
STAND_BACK_S, BACK_EVERY_S = 50.0, 60.0
"""For ten seconds of each minute it asks for its share again, and probes."""
LONGEST_S = 900.0
"""After a quarter of an hour failures count again: perhaps they are all down."""
UNREACHED = {Reason.DNS, Reason.CONNECT, Reason.TIMEOUT}

log = structlog.get_logger()


class Suspicion:
    """What the hosts of late say about us. Instants are the loop's seconds."""

    def __init__(self, ended: Callable[[], None]) -> None:
        self._ended = ended
        self.since: float | None = None
        """When we began to suspect ourselves, or None."""
        self._hosts: OrderedDict[str, tuple[float, bool]] = OrderedDict()
        self._failing = 0
        self._probe_at = 0.0
        self._has_reached = False

    def may_start(self, at: float) -> bool:
        """Whether a request may go out: all when we trust ourselves, else one now and then."""
        return self.since is None or at >= self._probe_at

    def stands_back(self, at: float) -> bool:
        """Whether others should rather send; not always, since who has nothing cannot probe."""
        return self.since is not None and (at - self.since) % BACK_EVERY_S < STAND_BACK_S

    def started(self, at: float) -> None:
        """A request went out."""
        if self.since is not None:
            self._probe_at = at + PROBE_EVERY_S

    def counts(self, host: str, attempt: Attempt, at: float) -> bool:
        """Note how an attempt has ended; whether it is to be held against its receiver."""
        if attempt.outcome is Outcome.REFUSED or attempt.reason is Reason.OAUTH2:
            return True
        failed = attempt.reason in UNREACHED
        if not failed:
            self._has_reached = True
            self._trust("hosts can be reached again", at)
        self._set(host, at, failed=failed)
        self._forget(at - WINDOW_S)
        if failed:
            self._judge(at)
        return self.since is None or not failed

    def _judge(self, at: float) -> None:
        if self.since is not None and at - self.since > LONGEST_S:
            self._has_reached = False  # suspect again only once somebody was reached
            self._trust("no host can be reached for long; failures count again", at)
        enough = self._failing >= max(HOSTS_MIN, SHARE * len(self._hosts))
        if self.since is None and self._has_reached and enough:
            log.error("nearly no host can be reached; this machine's network is suspected")
            self.since, self._probe_at = at, at + PROBE_EVERY_S

    def _trust(self, why: str, at: float) -> None:
        if self.since is None:
            return
        log.warning(why, suspected_s=round(at - self.since))
        self.since = None
        self._hosts.clear()
        self._failing = 0
        self._ended()

    def _set(self, host: str, at: float, *, failed: bool) -> None:
        _, before = self._hosts.pop(host, (0.0, False))
        self._hosts[host] = (at, failed)
        self._failing += failed - before

    def _forget(self, until: float) -> None:
        while self._hosts:
            host, (at, failed) = next(iter(self._hosts.items()))
            if at > until:
                return
            del self._hosts[host]
            self._failing -= failed
