"""Promises about workers, networks, clocks, keys and restores that fail."""

from collections.abc import Iterator
from itertools import pairwise

from chaos.evidence import SECOND, Evidence, Received
from chaos.promises.registry import NotAsked, promise

SUSPECTS_WITHIN_S = 10
"""Two attempts that hear nothing until their time is up."""
RETRIED_WITHIN_S = 25.0
"""A heartbeat, a lease, the longest wait, and a busy machine."""


@promise("A dead worker is replaced within its lease")
def a_dead_worker_is_replaced(evidence: Evidence) -> Iterator[str]:
    killed = [one for one in evidence.incidents if one.killed_worker and not one.no_successor]
    if not killed:
        raise NotAsked("no worker was killed in this run")
    first = evidence.first_accepted()
    for incident in killed:
        takeover = incident.began + int((evidence.lease_s + 2) * SECOND)
        for change in evidence.acknowledged:
            hold_s = _hold_s(evidence, change.reseller)
            if hold_s is None or not incident.began <= change.at <= takeover:
                continue
            latest = max(takeover, change.at + 2 * SECOND) + int(hold_s * SECOND)
            at = first.get(change.event)
            if at is not None and at > latest:
                late_s = (at - latest) / SECOND
                yield f"after {incident.name}, event {change.event} came {late_s:.1f} s late"


@promise("Failures of our own network do not count.")
def a_broken_network_is_nobodys_fault(evidence: Evidence) -> Iterator[str]:
    if not any(incident.cut_network for incident in evidence.incidents):
        raise NotAsked("the network to the receivers was not cut in this run")
    for incident in evidence.incidents:
        if not incident.cut_network:
            continue
        opened = evidence.rows(
            "SELECT count(*) FROM circuit_change JOIN webhook ON webhook.id = webhook_id"
            " WHERE is_open AND at BETWEEN :began AND :healed AND url NOT LIKE '%failing%'",
            began=incident.began + SUSPECTS_WITHIN_S * SECOND,
            healed=incident.healed,
        )
        if opened[0][0]:
            yield f"{opened[0][0]} circuits opened while our own network was cut"


def _hold_s(evidence: Evidence, reseller: str) -> float | None:
    """How long the successor waits for requests of the dead worker; None where a rate holds too."""
    webhooks = [one for one in evidence.webhooks if one.reseller == reseller]
    if any(one.rate_per_second or not one.healthy for one in webhooks):
        return None
    serial = any(one.ordered or one.latest_state for one in webhooks)
    return evidence.timeout_s if serial else 0.0


@promise("Deliveries to a dead receiver are given up")
def a_dead_receiver_piles_up_nothing(evidence: Evidence) -> Iterator[str]:
    given_up = evidence.rows(
        "SELECT at - created_at FROM attempt WHERE reason = 'RECEIVER_DEAD' AND state = 'FAILED'"
    )
    if not given_up:
        raise NotAsked("no delivery was given up in this run")
    for (age,) in given_up:
        if age < evidence.schedule_s * SECOND:
            yield f"a delivery was given up after {age / SECOND:.1f} s, before its schedule ended"


@promise("However clocks are set, a delivery is due at most one wait later than planned")
def clocks_hold_up_nothing(evidence: Evidence) -> Iterator[str]:
    """Asked where a clock was set while a receiver failed: it was tried again in its time."""
    steps = [incident for incident in evidence.incidents if incident.set_clock]
    if not steps:
        raise NotAsked("no clock was set in this run")
    for incident in steps:
        tried = [
            one.started
            for one in evidence.received
            if one.path in incident.apart and incident.began <= one.started <= incident.healed
        ]
        gaps = [later - earlier for earlier, later in pairwise(tried)]
        longest_s = max(gaps, default=incident.healed - incident.began) / SECOND
        if longest_s > RETRIED_WITHIN_S:
            yield f"{incident.name}: nothing was tried again for {longest_s:.1f} s"


@promise("A secret that does not open stops its own webhook alone")
def an_unreadable_secret_stops_one_webhook(evidence: Evidence) -> Iterator[str]:
    if not evidence.unreadable:
        raise NotAsked("every secret could be opened in this run")
    for path, (since, until) in evidence.unreadable.items():
        during = {one.path for one in evidence.received if since <= one.started <= until}
        if path in during:
            yield f"{path} was sent to without its secret"
        owed = {one.path for one in evidence.webhooks if one.healthy and one.allowed} - {path}
        for other in sorted(owed - during):
            yield f"{other} got nothing while the secret of {path} did not open"


@promise("Versions never come again.")
def the_newest_version_is_the_truth(evidence: Evidence) -> Iterator[str]:
    """A receiver that keeps the highest version of each record has what was acknowledged last."""
    if not evidence.restored:
        raise NotAsked("the store was not restored in this run")
    for webhook in evidence.webhooks:
        if not (webhook.healthy and webhook.allowed):
            continue
        held: dict[str, Received] = {}
        for one in evidence.at(webhook):
            if one.accepted and (one.record not in held or one.version > held[one.record].version):
                held[one.record] = one
        for record, change in evidence.newest(webhook.reseller).items():
            if record not in held or held[record].name != change.name:
                yield f"{webhook.path}: {record} is not what was acknowledged last"
