"""Rows for store tests: the least that makes sense, overridden by name."""

from typing import Any
from uuid import uuid4

from reseller_webhooks.core.deliveries.attempts import Attempt, Outcome
from reseller_webhooks.core.deliveries.delivery import (
    AttemptResult,
    Delivery,
    ScanRequest,
    State,
    Transition,
)
from reseller_webhooks.core.enums import Action, Resource
from reseller_webhooks.core.messages import plain
from reseller_webhooks.core.records.events import Event
from reseller_webhooks.core.records.record import Record
from reseller_webhooks.core.webhooks.webhook_row import WebhookRow
from reseller_webhooks.store.access import resellers
from reseller_webhooks.store.db.database import Tx
from reseller_webhooks.store.deliveries.due_scan import DueRows, scan
from reseller_webhooks.store.records import events
from reseller_webhooks.store.webhooks import webhooks

ALL = frozenset(Action)


def record(**given: Any) -> Record:
    columns: dict[str, Any] = {
        "id": None,
        "reseller_id": 1,
        "resource": Resource.COMPANY,
        "uuid": "c1",
        "parent": None,
        "alias": None,
        "version": 1,
        "removed": False,
        "status": "ACTIVE",
        "content": '{"name":"Acme"}',
        "changed_at": 1,
    }
    return Record(**columns | given)


def event(**given: Any) -> Event:
    columns: dict[str, Any] = {
        "uuid": str(uuid4()),
        "reseller_id": 1,
        "resource": Resource.COMPANY,
        "resource_uuid": "c1",
        "action": Action.CHANGED,
        "ticked": frozenset({Action.CHANGED}),
        "version": 1,
        "changed_at": 1,
        "body": "{}",
    }
    return Event(**columns | given)


def webhook(tx: Tx, **given: Any) -> WebhookRow:
    columns: dict[str, Any] = {
        "uuid": str(uuid4()),
        "reseller_id": 1,
        "part": 0,
        "url": "https://receiver.example/hook",
        "resource": "COMPANY",
        "actions": ALL,
        "auth_type": "NONE",
        "auth_sealed": "x",
        "secret_sealed": "x",
        "mode": "EVERY_CHANGE",
        "ordered": False,
        "max_in_flight": 10,
        "rate_per_second": None,
        "state": "ACTIVE",
    }
    return webhooks.add(tx, **columns | given)


def told(tx: Tx, *given: Event) -> list[int]:
    """Events with their deliveries; the events' numbers."""
    numbers = events.add(tx, given)
    events.fan_out(tx, numbers)
    tx.driver.flush()  # even if it is committed late
    return numbers


def reseller(tx: Tx, name: str = "Northwind") -> int:
    return resellers.add(tx, str(uuid4()), name).id


def due(tx: Tx, webhook_id: int, *, ordered: bool = False, limit: int = 100) -> list[Delivery]:
    return scanned(tx, ScanRequest(webhook_id, ordered, limit, frozenset())).due


def scanned(tx: Tx, ask: ScanRequest) -> DueRows:
    return scan(tx, [ask], heads_only=ask.heads_only)[0]


def made(
    one: Delivery, state: State, *, number: int = 1, next_at: int | None = None
) -> AttemptResult:
    accepted = state is State.DELIVERED
    attempt = Attempt(
        Outcome.ACCEPTED if accepted else Outcome.FAILED,
        ms=5,
        status=200 if accepted else 503,
        message=None if accepted else plain("answered 503"),
    )
    return AttemptResult(one, number, 1_000, attempt, Transition(state, next_at))
