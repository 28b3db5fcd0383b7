"""Reasons in the store, on both databases: codes, and the texts of a version without codes."""

import pytest
from sqlalchemy import insert, select, update

from reseller_webhooks.core.deliveries.attempts import Attempt, Outcome, Reason, from_status
from reseller_webhooks.core.deliveries.circuits import Circuit
from reseller_webhooks.core.deliveries.delivery import State
from reseller_webhooks.core.messages import Message, plain
from reseller_webhooks.core.messages.attempts import ANSWERED_STATUS, CERTIFICATE_EXPIRED
from reseller_webhooks.core.messages.targets import ADDRESS_FORBIDDEN
from reseller_webhooks.core.webhooks.webhook_row import WebhookRow
from reseller_webhooks.store.cluster import cluster
from reseller_webhooks.store.db.database import Database, Tx
from reseller_webhooks.store.deliveries import delivery_stats, log, results
from reseller_webhooks.store.tables import attempt, circuit_change
from reseller_webhooks.store.tables import webhook as webhook_table
from reseller_webhooks.store.webhooks import circuit_states, webhooks
from tests.store.factories import due, event, made, reseller, told, webhook

EXPIRED = CERTIFICATE_EXPIRED(host="hooks.example.com")
OLD = "answered 503; a receiver confirms with any status from 200 to 299"


def tried(tx: Tx, result: Attempt, state: State = State.FAILED) -> WebhookRow:
    """A webhook with a delivery that came to this."""
    row = webhook(tx, reseller_id=reseller(tx))
    told(tx, event(reseller_id=row.reseller_id))
    (one,) = due(tx, row.id)
    results.finish(tx, [made(one, state)._replace(attempt=result)])
    return row


def in_log(tx: Tx, row: WebhookRow) -> tuple[Message | None, Message | None]:
    """What a delivery's line says, and what its attempt says."""
    number = tx.connection.execute(select(attempt.c.delivery_id)).scalar_one()
    line = log.line(tx, number, reseller_id=row.reseller_id)
    assert line
    return line.last_message, log.attempts(tx, number)[0].message


def test_a_failure_is_written_as_code_and_text(database: Database) -> None:
    with database.write() as tx:
        row = tried(tx, Attempt(Outcome.FAILED, 5, None, Reason.TLS, EXPIRED))
        stored = tx.connection.execute(select(attempt.c.detail, attempt.c.message)).one()

        assert stored.detail == "the certificate of hooks.example.com has expired"
        assert (
            stored.message == '{"code":"certificate-expired","params":{"host":"hooks.example.com"}}'
        )
        assert in_log(tx, row) == (EXPIRED, EXPIRED)
        assert delivery_stats.webhook_stats(tx, [row.id])[row.id].failed == (
            delivery_stats.LastAttempt(1_000, None, "TLS", EXPIRED)
        )


def test_a_success_writes_no_reason(database: Database) -> None:
    with database.write() as tx:
        row = tried(tx, from_status(204, 5), State.DELIVERED)
        stored = tx.connection.execute(select(attempt.c.detail, attempt.c.message)).one()

        assert tuple(stored) == ("", None)
        assert in_log(tx, row) == (None, None)


@pytest.mark.parametrize("code", [None, '{"code":"of-a-later-version"}'])
def test_a_row_without_a_known_code_shows_its_text(database: Database, code: str | None) -> None:
    with database.write() as tx:
        row = tried(tx, from_status(503, 5))
        tx.connection.execute(update(attempt).values(message=code, detail=OLD))

        assert in_log(tx, row) == (plain(OLD), plain(OLD))


def test_an_address_that_an_earlier_version_named_is_not_shown(database: Database) -> None:
    with database.write() as tx:
        row = tried(tx, Attempt(Outcome.REFUSED, 5, None, Reason.FORBIDDEN_ADDRESS, plain("x")))
        named = "crm.example.com has the address 10.0.0.1, which is private"
        tx.connection.execute(update(attempt).values(message=None, detail=named))

        assert in_log(tx, row) == (ADDRESS_FORBIDDEN(), ADDRESS_FORBIDDEN())


def test_an_open_circuit_has_its_code_until_an_earlier_version_writes_a_text(
    database: Database,
) -> None:
    with database.write() as tx:
        row = webhook(tx, reseller_id=reseller(tx))
        failing = Circuit(is_open=True, reason=ANSWERED_STATUS(status=503), since=1, probe_at=2)
        circuit_states.note_circuit(tx, row.id, failing, owner=None)
        ours = reasons(tx, row)
        tx.connection.execute(update(webhook_table).values(circuit_reason="connection refused"))

        assert ours == [ANSWERED_STATUS(status=503)] * 3
        assert reasons(tx, row) == [*[plain("connection refused")] * 2, ours[2]]


def reasons(tx: Tx, row: WebhookRow) -> list[Message | None]:
    """Why a receiver fails: of its webhook, on the operator's page, and in its history."""
    return [
        webhooks.by_id(tx, [row.id])[0].circuit_message,
        cluster.open_circuits(tx, limit=1)[0].message,
        delivery_stats.circuit_changes(tx, row.id, limit=1)[0].message,
    ]


def test_a_change_of_a_circuit_by_an_earlier_version_shows_its_text(database: Database) -> None:
    with database.write() as tx:
        row = webhook(tx, reseller_id=reseller(tx))
        for at, reason in ((1, OLD), (2, "")):
            columns = {"webhook_id": row.id, "at": at, "is_open": at == 1, "reason": reason}
            tx.connection.execute(insert(circuit_change).values(columns))
        changes = delivery_stats.circuit_changes(tx, row.id, limit=2)

    assert [change.message for change in changes] == [None, plain(OLD)]
