"""Decides which deliveries of a request of changes follow in steps, and whether these may wait."""

from collections import Counter
from collections.abc import Iterator, Mapping

from reseller_webhooks.clock import DAY, SECOND
from reseller_webhooks.core.deliveries import fan_out_rules
from reseller_webhooks.core.errors import FanOutFull, Problem
from reseller_webhooks.core.messages.requests import FAN_OUT_FULL, FAN_OUT_FULL_OF_RESELLERS
from reseller_webhooks.core.records.events import Event
from reseller_webhooks.operations.change_writing import Draft
from reseller_webhooks.store.db import features
from reseller_webhooks.store.db.database import Tx
from reseller_webhooks.store.db.features import Feature
from reseller_webhooks.store.deliveries import fan_out

STEPS_AFTER = DAY
"""Time after the upgrade in which an earlier version, which knows no steps, may run beside this
one."""
PENDING_COUNTED_MAX = 4 * fan_out_rules.PENDING_MAX


def left_to_steps(tx: Tx, draft: Draft, events: Mapping[str, Event]) -> set[int]:
    """The resellers whose deliveries of a request follow in steps, by the store's numbers.

    events: by the JSON pointers of their changes. FanOutFull when too many events of such a
    reseller have deliveries to be made already.
    """
    of_reseller = Counter(event.reseller_id for event in events.values())
    needed = {one: count * draft.webhooks[one] for one, count in of_reseller.items()}
    chosen = fan_out_rules.left_to_steps(needed)
    if not chosen or not features.has_been_on_for(tx, Feature.FAN_OUT_STEPS, STEPS_AFTER):
        return set()
    drafted = Counter(event.reseller_id for event, in_steps in draft.events if in_steps)
    waits = {
        one: _retry_after_s(tx, one, excess, draft.webhooks[one])
        for one in chosen
        if (excess := _excess(tx, one, drafted[one] + of_reseller[one]))
    }
    if waits:
        raise _full(draft, events, waits)
    return chosen


def _excess(tx: Tx, reseller_id: int, more: int) -> int:
    stored = fan_out.count_of_reseller(tx, reseller_id, limit=PENDING_COUNTED_MAX)
    return fan_out_rules.excess(stored, more)


def _retry_after_s(tx: Tx, reseller_id: int, excess: int, webhooks: int) -> int:
    since = fan_out.oldest_of_reseller(tx, reseller_id)
    oldest_s = 0.0 if since is None else (tx.now - since) / SECOND
    return fan_out_rules.retry_after_s(excess, webhooks, oldest_s=oldest_s)


def _full(draft: Draft, events: Mapping[str, Event], waits: Mapping[int, int]) -> FanOutFull:
    problems = list(_problems(draft, events, waits))
    wait, most = max(waits.values()), fan_out_rules.PENDING_MAX
    several = FAN_OUT_FULL_OF_RESELLERS(most=most, count=len(waits), wait=wait)
    return FanOutFull(problems[0].message if len(waits) == 1 else several, wait, problems)


def _problems(
    draft: Draft, events: Mapping[str, Event], waits: Mapping[int, int]
) -> Iterator[Problem]:
    most = fan_out_rules.PENDING_MAX
    messages = {
        number: FAN_OUT_FULL(most=most, reseller=uuid, wait=waits[number])
        for uuid, number in draft.reseller_ids.items()
        if number in waits
    }
    for place, event in events.items():
        if event.reseller_id in messages:
            yield Problem(place, messages[event.reseller_id])
