"""Promises about what receivers, tenants and memory are spared."""

from collections.abc import Iterator
from statistics import quantiles

from chaos.evidence import SECOND, Evidence, overlaps
from chaos.promises.registry import NotAsked, promise
from reseller_webhooks.bootstrap.capacity import AT_MOST

PROMPT_S = 2.0
MEMORY_MB = 400
RAMP = (1, 2, 4)


@promise("A receiver that fails delays nobody else.")
def failing_receivers_delay_nobody(evidence: Evidence) -> Iterator[str]:
    delays = sorted(evidence.delays_s())
    if len(delays) < 100:
        raise NotAsked(f"only {len(delays)} deliveries were made while no fault was there")
    if (p99 := quantiles(delays, n=100)[-1]) > PROMPT_S:
        yield f"beside receivers that fail, p99 of others was {p99:.1f} s"


@promise("No more requests at once than the webhook allows")
def the_cap_holds(evidence: Evidence) -> Iterator[str]:
    for webhook in evidence.webhooks:
        spans = [
            (one.started, one.ended)
            for one in evidence.at(webhook)
            if not _after_a_killed_worker(evidence, one.started)
        ]
        if (most := overlaps(spans)) > webhook.max_in_flight:
            yield f"{webhook.path} had {most} requests at once, {webhook.max_in_flight} allowed"


@promise("No more requests per second than the webhook allows")
def the_rate_holds(evidence: Evidence) -> Iterator[str]:
    for webhook in evidence.webhooks:
        if webhook.rate_per_second is None:
            continue
        allowed = int(webhook.rate_per_second) + 2  # a burst of one, and the clock's grain
        starts = [
            one.started
            for one in evidence.at(webhook)
            if not _after_a_killed_worker(evidence, one.started)
        ]
        for first, last in zip(starts, starts[allowed:], strict=False):
            if last - first < SECOND:
                yield f"{webhook.path} had {allowed + 1} requests within a second at {first}"
                break


@promise("No reseller holds more than half of the slots")
def no_reseller_holds_the_slots(evidence: Evidence) -> Iterator[str]:
    for reseller in sorted({webhook.reseller for webhook in evidence.webhooks}):
        webhooks = [webhook for webhook in evidence.webhooks if webhook.reseller == reseller]
        spans = [(one.started, one.ended) for webhook in webhooks for one in evidence.at(webhook)]
        if (most := overlaps(spans)) > AT_MOST // 2:
            yield f"{reseller} had {most} requests at once, of {AT_MOST} slots"


@promise("Overdue deliveries give way to new ones.")
def a_backlog_gives_way(evidence: Evidence) -> Iterator[str]:
    if not evidence.recovered:
        raise NotAsked("no receiver came back with a backlog in this run")
    for path, at in evidence.recovered.items():
        drained = max((one.started for one in evidence.received if one.path == path), default=at)
        delays = sorted(evidence.delays_s(since=at, until=drained))
        if len(delays) >= 20 and quantiles(delays, n=100)[-1] > PROMPT_S:
            yield f"while the backlog of {path} went out, others' p99 was over {PROMPT_S} s"


@promise("Deliveries in memory are bounded")
def memory_has_a_bound(evidence: Evidence) -> Iterator[str]:
    if not evidence.rss_mb:
        raise NotAsked("no process' memory was measured")
    if (most := max(evidence.rss_mb)) > MEMORY_MB:
        yield f"a process had {most:.0f} MB, {MEMORY_MB} allowed"


@promise("Deliveries that are not due cost nothing.")
def what_is_not_due_is_not_read(evidence: Evidence) -> Iterator[str]:
    """The plan of the question that each scan asks, from the database itself."""
    question = (
        "SELECT id FROM delivery WHERE webhook_id = 1 AND next_at <= 1 ORDER BY next_at, id LIMIT 9"
    )
    with evidence.database.write() as tx:
        sqlite = tx.connection.dialect.name == "sqlite"
        if not sqlite:
            tx.connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        explain = "EXPLAIN QUERY PLAN " if sqlite else "EXPLAIN "
        plan = " ".join(
            str(tuple(row)) for row in tx.connection.exec_driver_sql(explain + question)
        )
    if "ix_delivery_webhook_id" not in plan:
        yield f"the index by webhook and time is not used: {plan}"


@promise("A recovered receiver is not flooded")
def a_recovered_receiver_is_not_flooded(evidence: Evidence) -> Iterator[str]:
    if not evidence.recovered:
        raise NotAsked("no receiver recovered in this run")
    for path, at in evidence.recovered.items():
        after = [one for one in evidence.received if one.path == path and one.started >= at]
        seen = 0
        for allowed in RAMP:
            some = after[seen : seen + allowed + 1]
            if overlaps([(one.started, one.ended) for one in some]) > allowed:
                yield f"{path}: more than {allowed} at once, {seen} requests after it recovered"
            seen += allowed


@promise("A request goes only to an address that was vetted")
def only_vetted_addresses_are_reached(evidence: Evidence) -> Iterator[str]:
    forbidden = [one for one in evidence.webhooks if not one.allowed]
    if not forbidden:
        raise NotAsked("no webhook led to a forbidden address in this run")
    for webhook in forbidden:
        if arrived := evidence.at(webhook):
            yield f"{len(arrived)} requests reached {webhook.path}, whose address is not allowed"


@promise("A hostile answer costs a bounded amount")
def hostile_answers_are_bounded(evidence: Evidence) -> Iterator[str]:
    largest = evidence.rows("SELECT coalesce(max(length(response)), 0) FROM attempt")[0][0]
    if largest > 5_000:
        yield f"{largest} characters of an answer were kept"


def _after_a_killed_worker(evidence: Evidence, at: int) -> bool:
    """Whether requests of a worker that died may still be under way."""
    return any(incident.killed_worker and incident.covers(at) for incident in evidence.incidents)


@promise("A receiver that asks to wait is left alone.")
def a_receiver_that_asks_to_wait_is_left_alone(evidence: Evidence) -> Iterator[str]:
    """Requests that were in flight when it answered may still arrive within a second."""
    if not evidence.asked_to_wait:
        raise NotAsked("no receiver asked to wait")
    for path, (asked, until) in evidence.asked_to_wait.items():
        early = [
            one
            for one in evidence.received
            if one.path == path and asked + SECOND < one.started < until
        ]
        if early:
            yield f"{path} had {len(early)} requests while it had asked to wait"
