"""Who is told of a failing webhook, when, and of how many at once."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import insert, select, update

from reseller_webhooks.clock import SECOND
from reseller_webhooks.core.access.permissions import Role
from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.core.alerts import DELAY_S, AlertKind, AlertPreference
from reseller_webhooks.operations import alerts
from reseller_webhooks.store.tables import email, membership
from tests.mail.world import ANA, BEN, REASON, World


def test_an_admin_is_told_once_a_webhook_has_failed_for_ten_minutes(world: World) -> None:
    world.webhook(failing_s=DELAY_S - 60)
    before = world.told()
    world.webhook(failing_s=DELAY_S + 1, path="other")

    assert before == []
    assert world.told() == [(ANA, AlertKind.FAILING, 1)]
    assert world.told() == []


def test_an_alert_says_since_when_and_why(world: World) -> None:
    world.webhook(failing_s=DELAY_S + 1)
    alerts.write_due(world.database)
    (sent,) = world.claim()
    (listed,) = sent.alert.webhooks

    assert (listed.url, listed.resource) == ("https://receiver.example/hook", "COMPANY")
    assert listed.reason == REASON
    assert sent.created_at - listed.since >= DELAY_S * SECOND


def test_many_failing_webhooks_come_in_one_email_and_later_ones_in_the_next(world: World) -> None:
    for number in range(3):
        world.webhook(failing_s=3600, path=f"first-{number}")
    first = world.told()
    world.webhook(failing_s=3600, path="second-1")
    world.webhook(failing_s=3600, path="second-2")
    meanwhile = world.told()
    world.let_digest_pass()

    assert first == [(ANA, AlertKind.FAILING, 3)]
    assert meanwhile == []
    assert world.told() == [(ANA, AlertKind.FAILING, 2)]


def test_who_was_told_of_the_failure_is_told_of_the_recovery(world: World) -> None:
    number = world.webhook(failing_s=3600)
    short = world.webhook(failing_s=1, path="short")
    world.told()
    world.let_digest_pass()
    world.recover(number)
    world.recover(short)

    assert world.told() == [(ANA, AlertKind.RECOVERED, 1)]
    world.let_digest_pass()
    assert world.told() == []


@pytest.mark.parametrize("columns", [{"state": "PAUSED"}, {"deleted_at": 1}])
def test_a_failing_webhook_that_somebody_stopped_is_no_longer_told_of(
    world: World, columns: dict[str, object]
) -> None:
    number = world.webhook(failing_s=3600)
    world.told()
    world.let_digest_pass()
    world.change(number, **columns)
    stopped = world.told()
    world.change(number, state="ACTIVE", deleted_at=None)

    assert stopped == []
    assert world.told() == [(ANA, AlertKind.FAILING, 1)]


def test_a_webhook_that_fails_again_is_told_of_again(world: World) -> None:
    number = world.webhook(failing_s=3600)
    world.told()
    world.let_digest_pass()
    world.recover(number)
    world.told()
    world.let_digest_pass()
    world.change(number, circuit="OPEN", circuit_at=1)

    assert world.told() == [(ANA, AlertKind.FAILING, 1)]


def test_each_user_chooses_when_to_be_told(world: World) -> None:
    viewer = world.member(BEN, Role.VIEWER)
    world.webhook(failing_s=30)
    by_default = world.told()
    alerts.choose(world.database, viewer, AlertPreference(0, "de"))
    chosen = world.told()
    alerts.choose(world.database, world.admin, AlertPreference(None))
    world.webhook(failing_s=999_999, path="other")
    world.let_digest_pass()

    assert by_default == []
    assert chosen == [(BEN, AlertKind.FAILING, 1)]
    assert world.told() == [(BEN, AlertKind.FAILING, 1)]


def test_nobody_is_told_of_another_resellers_webhooks(world: World, contoso: Reseller) -> None:
    world.member(BEN, Role.ADMIN, contoso)
    world.webhook(failing_s=3600)

    assert world.told() == [(ANA, AlertKind.FAILING, 1)]


@pytest.mark.parametrize("column", ["removed_at", "locked_at"])
def test_who_may_no_longer_sign_in_is_not_told(world: World, column: str) -> None:
    with world.database.write() as tx:
        tx.connection.execute(update(membership).values(**{column: 1}))
    world.webhook(failing_s=3600)

    assert world.told() == []


def test_two_processes_write_an_alert_once(world: World) -> None:
    for number in range(20):
        world.webhook(failing_s=3600, path=str(number))

    def write() -> int:
        return sum(alerts.write_due(world.database) for _ in range(5))

    with ThreadPoolExecutor(4) as threads:
        written = sum(threads.map(lambda _: write(), range(4)))

    assert written == 1
    assert world.told() == [(ANA, AlertKind.FAILING, 20)]


def test_two_processes_do_not_claim_the_same_email(world: World) -> None:
    with world.database.write() as tx:
        tx.connection.execute(
            insert(email),
            [
                {
                    "uuid": f"{number}",
                    "membership_id": world.admin.id,
                    "recipient": ANA,
                    "kind": AlertKind.FAILING.value,
                    "params": '{"membership":"m","reseller":"r","language":"en","count":0,'
                    '"webhooks":[]}',
                    "failures": 0,
                    "reason": "",
                    "created_at": 1,
                    "next_at": 1,
                }
                for number in range(40)
            ],
        )
    with ThreadPoolExecutor(4) as threads:
        claimed = [
            one.uuid for group in threads.map(lambda _: world.claim(), range(8)) for one in group
        ]

    assert len(claimed) == len(set(claimed)) == 40


def test_an_email_whose_process_was_killed_is_sent_by_another(world: World) -> None:
    world.webhook(failing_s=3600)
    alerts.write_due(world.database)
    killed = world.claim()
    meanwhile = world.claim()
    with world.database.write() as tx:
        tx.connection.execute(update(email).values(next_at=tx.now))

    assert meanwhile == []
    assert world.claim() == killed


def test_an_email_that_is_refused_waits_longer_each_time_and_is_given_up(world: World) -> None:
    world.webhook(failing_s=3600)
    alerts.write_due(world.database)
    (sent,) = world.claim()
    retried = alerts.note_failure(world.database, sent, "answered 451", is_final=False)
    with world.database.read() as tx:
        row = tx.connection.execute(select(email)).one()
    given_up = alerts.note_failure(world.database, sent, "answered 550", is_final=True)

    assert (retried, given_up) == (True, False)
    assert 50 * SECOND < row.next_at - sent.created_at < 90 * SECOND
    with world.database.read() as tx:
        done = tx.connection.execute(select(email)).one()
    assert done.finished_at is not None
    assert done.reason == "answered 550"
