"""Promises about what arrives, and in which sequence."""

from collections import Counter
from collections.abc import Iterator

from chaos.evidence import SECOND, Evidence, Received, order_breaks
from chaos.promises.registry import NotAsked, promise

TWO_SIGNATURES_WITHIN_S = 2
SEEN_WITHIN_S = 5
OLD_FOR_S = 0.7
"""Half a second, and what a busy machine adds between two clocks."""


@promise("Nothing acknowledged is lost.")
def nothing_is_lost(evidence: Evidence) -> Iterator[str]:
    stored = {uuid for (uuid,) in evidence.rows("SELECT uuid FROM event")}
    for change in evidence.acknowledged:
        if change.event not in stored:
            yield f"event {change.event} was acknowledged and is not in the store"
    for event, path in sorted(evidence.expected() - evidence.delivered()):
        yield f"event {event} was acknowledged and never accepted at {path}"


@promise("Every delivery is tried until it is accepted")
def every_delivery_ends_in_the_log(evidence: Evidence) -> Iterator[str]:
    open_or_closed = Counter(
        event
        for (event,) in evidence.rows(
            "SELECT event.uuid FROM event JOIN delivery ON delivery.event_id = event.id"
            " WHERE delivery.replay_of IS NULL"
            " UNION ALL SELECT event.uuid FROM event JOIN attempt ON attempt.event_id = event.id"
            " WHERE attempt.state IS NOT NULL AND attempt.replay_of IS NULL"
        )
    )
    webhooks = Counter(one.reseller for one in evidence.webhooks)
    for change in evidence.acknowledged:
        if open_or_closed[change.event] != webhooks[change.reseller]:
            yield (
                f"event {change.event} has {open_or_closed[change.event]} deliveries that are"
                f" pending or closed, for {webhooks[change.reseller]} webhooks"
            )


@promise("A repeat has the same `webhook-id`")
def a_repeat_has_the_same_id(evidence: Evidence) -> Iterator[str]:
    for one in evidence.received:
        if one.id != one.event or one.attempt < 1:
            yield f"event {one.event} came as {one.id}, attempt {one.attempt}"


@promise("`ordered`: versions of a record arrive for the first time in their order")
def ordered_webhooks_stay_in_order(evidence: Evidence) -> Iterator[str]:
    for webhook in evidence.webhooks:
        if webhook.ordered:
            for earlier, later in order_breaks(evidence.at(webhook)):
                yield (
                    f"{webhook.path}: version {later.version} of {later.record} came after"
                    f" {earlier.version}"
                )


@promise("`LATEST_STATE`: only the newest state of a record is sent")
def the_newest_state_arrives(evidence: Evidence) -> Iterator[str]:
    for webhook in evidence.webhooks:
        if not webhook.latest_state or not webhook.healthy:
            continue
        accepted: dict[str, Received] = {}
        for one in evidence.at(webhook):
            newest = accepted.get(one.record)
            late = newest and one.version < newest.version and one.started > newest.ended
            # What was sent before a cut may travel on after we gave it up: not promised.
            if late and not evidence.network_was_cut(one.started):
                yield f"{webhook.path}: {one.record} came at version {one.version} after a newer"
            if one.accepted and (not newest or one.version > newest.version):
                accepted[one.record] = one
        for record, change in evidence.newest(webhook.reseller).items():
            if record not in accepted or accepted[record].version != change.version:
                yield f"{webhook.path}: {record} did not end at version {change.version}"


@promise("A result is written once")
def a_result_is_written_once(evidence: Evidence) -> Iterator[str]:
    doubles = evidence.rows(
        "SELECT delivery_id, count(*) FROM attempt WHERE state IS NOT NULL"
        " GROUP BY delivery_id HAVING count(*) > 1"
    )
    yield from (f"delivery {number} was closed {times} times" for number, times in doubles)
    both = evidence.rows(
        "SELECT delivery.id FROM delivery JOIN attempt ON attempt.delivery_id = delivery.id"
        " WHERE attempt.state IS NOT NULL"
    )
    yield from (f"delivery {number} is closed and pending" for (number,) in both)


@promise("Two signatures for 24 h after a rotation")
def both_secrets_sign_after_a_rotation(evidence: Evidence) -> Iterator[str]:
    if not evidence.rotated:
        raise NotAsked("no secret was rotated in this run")
    for path, at in evidence.rotated.items():
        since = at + TWO_SIGNATURES_WITHIN_S * SECOND
        alone = [
            one
            for one in evidence.received
            if one.path == path and one.started > since and one.signatures < 2
        ]
        if alone:
            yield f"{len(alone)} notifications at {path} had one signature after the rotation"


@promise("`LATEST_STATE` waits for a dead receiver")
def the_newest_state_waits_for_a_dead_receiver(evidence: Evidence) -> Iterator[str]:
    dead = [one for one in evidence.webhooks if one.latest_state and not one.healthy]
    if not dead:
        raise NotAsked("no webhook of LATEST_STATE had a dead receiver in this run")
    for webhook in dead:
        pending = dict(
            evidence.rows(
                "SELECT delivery.resource_uuid, max(delivery.version) FROM delivery"
                " JOIN webhook ON webhook.id = delivery.webhook_id"
                " WHERE webhook.url LIKE :path GROUP BY delivery.resource_uuid",
                path=f"%{webhook.path}",
            )
        )
        for record, change in evidence.newest(webhook.reseller).items():
            if pending.get(record) != change.version:
                yield f"{webhook.path}: the newest state of {record} does not wait"


@promise("Every commit is seen, however long it took")
def late_commits_are_seen(evidence: Evidence) -> Iterator[str]:
    if not evidence.moved:
        raise NotAsked("no webhook was changed by a late commit in this run")
    for path, at in evidence.moved.items():
        new = [one.started for one in evidence.received if (one.path, one.query) == (path, "new")]
        if not new or min(new) > at + SEEN_WITHIN_S * SECOND:
            yield f"{path}: nothing came to the new URL within {SEEN_WITHIN_S} s of its commit"


@promise("A pause, a deletion and a changed URL hold within half a second of their commit")
def nothing_goes_to_the_old_url(evidence: Evidence) -> Iterator[str]:
    if not evidence.moved:
        raise NotAsked("no webhook was changed in this run")
    for path, at in evidence.moved.items():
        late = [
            one.started
            for one in evidence.received
            if (one.path, one.query) == (path, "old") and one.started > at + OLD_FOR_S * SECOND
        ]
        if late:
            late_s = (max(late) - at) / SECOND
            yield f"{path}: {len(late)} requests to the old URL, the last after {late_s:.1f} s"
