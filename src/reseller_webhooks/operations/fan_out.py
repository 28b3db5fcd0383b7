"""Fan-out in steps: each step makes some of the deliveries that a transaction of changes left."""

from reseller_webhooks.clock import monotonic_s
from reseller_webhooks.core.deliveries.fan_out_rules import FanOutStep
from reseller_webhooks.core.step_size import target_s
from reseller_webhooks.operations.generations import notice_promotion
from reseller_webhooks.store.db.database import Database
from reseller_webhooks.store.deliveries import deliveries, fan_out


def step(database: Database, after: int, limit: int) -> FanOutStep | None:
    """Make about `limit` deliveries for the next reseller with a pending fan-out.

    after: the number of the reseller whose turn was before; from the first one on when no other
    follows. None when nothing is left to do.
    """
    with database.read() as tx:  # nearly always there is nothing, and no writer is held up
        reseller_id = fan_out.next_reseller(tx, after) or fan_out.next_reseller(tx, 0)
    if reseller_id is None:
        return None
    notice_promotion(database)
    with database.write() as tx:
        began_s = monotonic_s()
        span = fan_out.step(tx, reseller_id, limit) if fan_out.lock(tx, reseller_id) else None
        if span:
            deliveries.supersede_between(tx, span.events, span.after, span.upto)
        statements_s = monotonic_s() - began_s
    took_s = monotonic_s() - began_s
    wanted_s = target_s(has_one_writer=database.has_one_writer)
    return FanOutStep(
        reseller_id,
        len(span.events) if span else 0,
        took_s=took_s,
        statements_s=statements_s,
        target_s=wanted_s,
    )
