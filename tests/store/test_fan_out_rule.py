"""The SQL of fan-out decides as core/deliveries/fan_out_rules.py, for any webhooks and events."""

from contextlib import suppress
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from reseller_webhooks.core.deliveries import fan_out_rules
from reseller_webhooks.core.enums import Action, Resource
from reseller_webhooks.store.db.database import Database
from reseller_webhooks.store.tables import delivery
from tests.store import factories

RESOURCES = (Resource.COMPANY, Resource.LEAD)
RESELLERS = (0, 1)
ticked = st.sets(st.sampled_from(Action), min_size=1).map(frozenset)
webhooks = st.lists(
    st.tuples(st.sampled_from(RESELLERS), st.sampled_from(RESOURCES), ticked), max_size=8
)
events = st.lists(
    st.tuples(st.sampled_from(RESELLERS), st.sampled_from(RESOURCES), ticked),
    min_size=1,
    max_size=4,
)


class _Undo(Exception):
    """Raised so that an example leaves nothing in the store."""


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(webhooks=webhooks, events=events)
def test_an_event_goes_to_the_webhooks_that_the_rule_names(
    database: Database, webhooks: list[Any], events: list[Any]
) -> None:
    with suppress(_Undo), database.write() as tx:
        resellers = [factories.reseller(tx, f"Reseller {number}") for number in RESELLERS]
        rows = [
            factories.webhook(
                tx,
                reseller_id=resellers[owner],
                resource=resource.value,
                actions=actions,
                url=f"https://receiver.example/{number}",
            )
            for number, (owner, resource, actions) in enumerate(webhooks)
        ]
        drafts = [
            factories.event(
                reseller_id=resellers[owner],
                resource=resource,
                ticked=actions,
                resource_uuid=f"{n}",
            )
            for n, (owner, resource, actions) in enumerate(events)
        ]
        numbers = factories.told(tx, *drafts)
        made = tx.connection.execute(select(delivery.c.event_id, delivery.c.webhook_id))
        found = sorted(tuple(row) for row in made)
        expected = sorted(
            (number, row.id)
            for number, draft in zip(numbers, drafts, strict=True)
            for row in fan_out_rules.matching(rows, draft)
        )
        assert found == expected
        raise _Undo
