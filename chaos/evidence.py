"""What a run leaves behind: acknowledged changes, the receiver's log, and the store."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from sqlalchemy import text

from reseller_webhooks.store.db.database import Database

SECOND = 1_000_000
AFTER_S = 15
"""Deliveries that a fault held up still go out for so long; delays are not measured then."""


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A change that was answered 2xx. at: microseconds since the epoch, when the answer came."""

    event: str
    reseller: str
    record: str
    version: int
    name: str
    at: int


@dataclass(frozen=True, slots=True)
class Received:
    """One request, as the receiver saw it. Instants are microseconds since the epoch."""

    path: str
    query: str
    id: str
    event: str
    record: str
    version: int
    name: str
    attempt: int
    signed: int
    signatures: int
    status: int
    started: int
    ended: int

    @property
    def accepted(self) -> bool:
        return 200 <= self.status < 300


@dataclass(frozen=True)
class WebhookDetails:
    """A webhook of the run. path: where its notifications arrive."""

    path: str
    reseller: str
    ordered: bool = False
    latest_state: bool = False
    max_in_flight: int = 10
    rate_per_second: float | None = None
    healthy: bool = True
    allowed: bool = True


@dataclass
class Incident:
    """A fault and when it was there. Instants are microseconds since the epoch.

    no_successor: no other worker lived. apart: paths of healthy webhooks that the fault itself
    holds up. lost_until: what was acknowledged before is gone with the store.
    """

    name: str
    began: int
    healed: int = 0
    killed_worker: bool = False
    no_successor: bool = False
    cut_network: bool = False
    set_clock: bool = False
    apart: frozenset[str] = frozenset()
    lost_until: int = 0

    def covers(self, at: int) -> bool:
        """Whether deliveries of that instant may still feel it."""
        return self.began - SECOND <= at <= self.healed + AFTER_S * SECOND


@dataclass
class Evidence:
    """Everything that a promise can be checked against."""

    database: Database
    webhooks: Sequence[WebhookDetails]
    acknowledged: list[Acknowledged] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)
    incidents: list[Incident] = field(default_factory=list)
    rss_mb: list[float] = field(default_factory=list)
    rotated: dict[str, int] = field(default_factory=dict)
    recovered: dict[str, int] = field(default_factory=dict)
    moved: dict[str, int] = field(default_factory=dict)
    unreadable: dict[str, tuple[int, int]] = field(default_factory=dict)
    restored: list[int] = field(default_factory=list)
    asked_to_wait: dict[str, tuple[int, int]] = field(default_factory=dict)
    """By path: when the receiver answered with Retry-After, and until when it asked to wait."""
    lease_s: float = 3.0
    timeout_s: float = 0.0
    schedule_s: float = 0.0

    def rows(self, statement: str, **given: Any) -> list[Any]:
        """The rows of a statement, from the store."""
        with self.database.read() as tx:
            return list(tx.connection.execute(text(statement), given))

    def network_was_cut(self, at: int) -> bool:
        """Whether requests of before a cut may have arrived at that instant."""
        return any(one.cut_network and one.covers(at) for one in self.incidents)

    def first_accepted(self) -> dict[str, int]:
        """When each event was accepted for the first time."""
        first: dict[str, int] = {}
        for one in self.received:
            if one.accepted:
                first.setdefault(one.event, one.started)
        return first

    def newest(self, reseller: str) -> dict[str, Acknowledged]:
        """The last acknowledged change of each record of a reseller."""
        changes = [one for one in self.acknowledged if one.reseller == reseller]
        return {change.record: change for change in sorted(changes, key=lambda one: one.at)}

    def delays_s(self, *, since: int = 0, until: int | None = None) -> Iterator[float]:
        """Seconds from acknowledgement to receipt at healthy webhooks, while no fault is there."""
        first = self.first_accepted()
        plain = {
            one.reseller
            for one in self.webhooks
            if one.healthy and one.allowed and one.rate_per_second is None
        }
        for change in self.acknowledged:
            if change.reseller not in plain or change.event not in first:
                continue
            if change.at < since or (until is not None and change.at > until):
                continue
            if not any(incident.covers(change.at) for incident in self.incidents):
                yield max(0, first[change.event] - change.at) / SECOND

    def at(self, webhook: WebhookDetails) -> list[Received]:
        """What arrived for a webhook, first received first."""
        return [one for one in self.received if one.path == webhook.path]

    def expected(self) -> set[tuple[str, str]]:
        """Event and path of each notification that healthy webhooks are owed."""
        return {
            (change.event, webhook.path)
            for webhook in self.webhooks
            if webhook.healthy and webhook.allowed
            for change in self._owed(webhook)
        }

    def _owed(self, webhook: WebhookDetails) -> list[Acknowledged]:
        """Every change of its reseller; with LATEST_STATE the newest of each record."""
        changes = [one for one in self.acknowledged if one.reseller == webhook.reseller]
        if webhook.latest_state:
            by_version = sorted(changes, key=lambda change: change.version)
            return list({change.record: change for change in by_version}.values())
        return changes

    def order_breaks_at(self, webhook: WebhookDetails) -> int:
        """How often a version arrived for the first time after a later one of its record."""
        return sum(1 for _ in order_breaks(self.at(webhook)))

    def delivered(self) -> set[tuple[str, str]]:
        """Event and path of each notification that was accepted."""
        return {(one.event, one.path) for one in self.received if one.accepted}


def parse_line(line: bytes) -> Received:
    """A line of the receiver's log."""
    return Received(**json.loads(line))


def overlaps(spans: Sequence[tuple[int, int]]) -> int:
    """The largest number of spans that held at one instant; one that ends frees its place first."""
    steps = sorted(
        [(start, 1) for start, _ in spans] + [(end, -1) for _, end in spans],
        key=lambda step: (step[0], step[1]),
    )
    most = current = 0
    for _, change in steps:
        current += change
        most = max(most, current)
    return most


def order_breaks(received: Sequence[Received]) -> Iterator[tuple[Received, Received]]:
    """Pairs of first arrivals of a record in which the later one has the lower version."""
    first: dict[str, Received] = {}
    for one in received:
        first.setdefault(one.event, one)
    records: dict[str, list[Received]] = {}
    for one in first.values():
        records.setdefault(one.record, []).append(one)
    for arrivals in records.values():
        yield from (pair for pair in pairwise(arrivals) if pair[1].version < pair[0].version)
