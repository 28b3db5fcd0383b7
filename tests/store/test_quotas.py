"""Quotas in the store: limits of one reseller, buckets that processes share, stored bytes."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from reseller_webhooks.clock import DAY, SECOND
from reseller_webhooks.core.access.audit import PROGRAM, Act, AuditQuery, Subject
from reseller_webhooks.core.access.quotas import Quota
from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.core.errors import QuotaExceeded
from reseller_webhooks.ingest import parsing
from reseller_webhooks.operations import changes, quota_settings, resellers
from reseller_webhooks.operations.quotas import Quotas, count_stored
from reseller_webhooks.store.access import audit
from reseller_webhooks.store.access import quotas as store
from reseller_webhooks.store.db.database import Database
from reseller_webhooks.store.records import events, stored_bytes
from tests.store.factories import event

TESTS = Quota.TESTS_PER_HOUR
DEFAULTS = dict.fromkeys(Quota, 5)
AT_ONCE = 12


@pytest.fixture
def acme(database: Database) -> Reseller:
    return resellers.add(database, "Acme")


@pytest.fixture
def quotas(database: Database) -> Quotas:
    return Quotas(database, DEFAULTS)


def used(database: Database, quotas: Quotas, one: Reseller, quota: Quota) -> int | None:
    return quota_settings.use(database, quotas, one.uuid)[1][quota].used


def do(database: Database, quotas: Quotas, one: Reseller, act: Act) -> None:
    """Something that the reseller's key does and the audit log tells of."""
    with database.acting(PROGRAM, quotas.charge_to(one.id)).write() as tx:
        audit.write(tx, act, Subject("", "", one.id))


def test_a_limit_of_one_reseller_holds_for_it_alone(
    database: Database, quotas: Quotas, acme: Reseller
) -> None:
    other = resellers.add(database, "Other")
    for value in (7, 9):
        quota_settings.change(database, DEFAULTS, acme.uuid, {Quota.WEBHOOKS: value, TESTS: 3})
    quotas.refresh()
    assert (quotas.limit(Quota.WEBHOOKS, acme.id), quotas.limit(TESTS, acme.id)) == (9, 3)
    assert quotas.limit(Quota.WEBHOOKS, other.id) == 5

    quota_settings.change(database, DEFAULTS, acme.uuid, {Quota.WEBHOOKS: None})
    quotas.refresh()
    assert (quotas.limit(Quota.WEBHOOKS, acme.id), quotas.limit(TESTS, acme.id)) == (5, 3)


def test_processes_share_what_is_counted_by_the_hour(
    database: Database, acme: Reseller, quotas: Quotas
) -> None:
    processes = [quotas, Quotas(database, DEFAULTS)]

    def charge(number: int) -> bool:
        try:
            do(database, processes[number % 2], acme, Act.WEBHOOK_TESTED)
        except QuotaExceeded:
            return False
        return True

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(charge, range(AT_ONCE))) == 5
    assert used(database, quotas, acme, TESTS) == 5
    with pytest.raises(QuotaExceeded) as refused:
        do(database, quotas, acme, Act.WEBHOOK_TESTED)
    assert (refused.value.limit, refused.value.retry_after_s) == (5, 720)
    do(database, quotas, acme, Act.WEBHOOK_PENDING_RETRIED)
    with database.read() as tx:
        assert len(audit.page(tx, AuditQuery(acme.id, subject="webhook"))) == 6


def test_a_clock_that_was_set_back_locks_nobody_out(
    database: Database, acme: Reseller, quotas: Quotas
) -> None:
    with database.write() as tx:
        store.lock_bucket(tx, acme.id, TESTS)
        store.set_bucket(tx, acme.id, TESTS, tx.now + 40 * DAY)

    with pytest.raises(QuotaExceeded) as refused:
        do(database, quotas, acme, Act.WEBHOOK_TESTED)
    assert refused.value.retry_after_s <= 720


def test_what_was_stored_is_counted_once_and_forgotten_with_its_day(
    database: Database, acme: Reseller, quotas: Quotas
) -> None:
    body = '{"name":"Ä"}' * 100
    with database.write() as tx:
        then = tx.now - 3 * DAY
        old = [event(reseller_id=acme.id, changed_at=then, body=body) for _ in range(3)]
        fresh = event(reseller_id=acme.id, changed_at=tx.now - SECOND, body=body)
        events.add(tx, [*old, fresh])

    # What is fresh waits, since lower ids may still be committed.
    assert [count_stored(database, retention_days=90) for _ in range(2)] == [3, 0]
    size = len(body.encode()) + stored_bytes.ROW_BYTES
    assert used(database, quotas, acme, Quota.STORED_BYTES) == 3 * size

    assert count_stored(database, retention_days=1) == 0
    assert used(database, quotas, acme, Quota.STORED_BYTES) == 0


def test_of_two_that_count_the_same_one_wins(database: Database, acme: Reseller) -> None:
    with database.write() as tx:
        then = tx.now - DAY
        events.add(tx, [event(reseller_id=acme.id, changed_at=then) for _ in range(20)])

    def count(_: int) -> int:
        return count_stored(database, retention_days=90)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(count, range(8)))
    with database.read() as tx:
        assert stored_bytes.by_reseller(tx, [acme.id])[acme.id] < 21 * (
            stored_bytes.ROW_BYTES + 500
        )
        assert stored_bytes.by_reseller(tx, [acme.id])[acme.id] >= 20 * stored_bytes.ROW_BYTES


def test_records_count_too(database: Database, acme: Reseller, quotas: Quotas) -> None:
    content = {"name": "Acme", "countryCode": "CA"}
    change = {"reseller": acme.uuid, "type": "COMPANY", "uuid": "c1", "content": content}
    request = parsing.parse_changes({"changes": [change]}, raw=b"", key=None)
    (answer,) = changes.apply(database, [request], public_url="http://a")

    assert isinstance(answer, changes.ChangesAnswer)
    assert used(database, quotas, acme, Quota.STORED_BYTES) == stored_bytes.RECORD_BYTES
