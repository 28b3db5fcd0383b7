"""Leases on both databases: one owner for each partition, whatever happens to workers."""

from reseller_webhooks.clock import SECOND
from reseller_webhooks.core.deliveries.circuits import Circuit
from reseller_webhooks.core.deliveries.delivery import AttemptResult, State
from reseller_webhooks.core.deliveries.leases import Grant
from reseller_webhooks.core.deliveries.partitions import assigned_to
from reseller_webhooks.core.messages import plain
from reseller_webhooks.core.webhooks.webhook import PARTS
from reseller_webhooks.core.webhooks.webhook_row import WebhookRow
from reseller_webhooks.operations import delivery_queue
from reseller_webhooks.operations.leases import Worker, heartbeat, leave, vacate
from reseller_webhooks.store.cluster import leases
from reseller_webhooks.store.db.database import Database
from reseller_webhooks.store.webhooks import webhooks
from tests.store.factories import due, event, made, reseller, told, webhook

TTL_S = 15.0
EVERY = frozenset(range(PARTS))


def worker(name: str) -> Worker:
    return Worker(name, f"{name}.example", "1", TTL_S)


def lapse(database: Database, name: str) -> None:
    """A worker that died more than its time ago."""
    with database.write() as tx:
        leases.renew(tx, name, until=tx.now - 1)
        leases.register(tx, name, host="", version="", until=tx.now - 1)


def accepted(database: Database, *, epoch: int) -> tuple[WebhookRow, AttemptResult]:
    """A webhook in partition 7, and the result of a delivery made under an epoch."""
    with database.write() as tx:
        owner = reseller(tx)
        hook = webhook(tx, reseller_id=owner, part=7)
        told(tx, event(reseller_id=owner))
        (one,) = due(tx, hook.id)
    return hook, made(one, State.DELIVERED)._replace(part=7, epoch=epoch)


def test_a_worker_that_is_alone_takes_everything(database: Database) -> None:
    standing = heartbeat(database, worker("a"))

    assert standing.held == standing.wanted == EVERY
    assert all(grant.epoch == 1 and not grant.lapsed for grant in standing.taken)


def test_what_is_held_is_kept_with_its_epoch(database: Database) -> None:
    heartbeat(database, worker("a"))
    again = heartbeat(database, worker("a"))

    assert again.kept == dict.fromkeys(EVERY, 1)
    assert again.taken == []


def test_a_second_worker_gets_nothing_until_the_first_gives_back(database: Database) -> None:
    heartbeat(database, worker("a"))
    second = heartbeat(database, worker("b"))
    first = heartbeat(database, worker("a"))

    assert second.held == set()
    assert first.wanted == EVERY - second.wanted
    heartbeat(database, worker("a"), release=EVERY - first.wanted)
    assert heartbeat(database, worker("b")).held == second.wanted


def test_what_was_given_back_has_a_new_epoch_and_no_need_to_wait(database: Database) -> None:
    heartbeat(database, worker("a"))
    leave(database, worker("a"))

    taken = heartbeat(database, worker("b")).taken

    assert {grant.part for grant in taken} == EVERY
    assert all(grant.epoch == 2 and not grant.lapsed for grant in taken)


def test_leases_of_a_dead_worker_are_taken_as_lapsed(database: Database) -> None:
    heartbeat(database, worker("a"))
    lapse(database, "a")

    taken = heartbeat(database, worker("b")).taken

    assert {grant.part for grant in taken} == EVERY
    assert all(grant.lapsed for grant in taken)


def test_leases_of_others_are_left_until_contact_has_lasted(database: Database) -> None:
    heartbeat(database, worker("a"))
    lapse(database, "a")

    assert heartbeat(database, worker("b"), lapsed_too=False).taken == []


def test_a_lease_that_lapsed_and_that_nobody_took_is_still_mine(database: Database) -> None:
    heartbeat(database, worker("a"))
    lapse(database, "a")

    assert heartbeat(database, worker("a"), lapsed_too=False).kept == dict.fromkeys(EVERY, 1)


def test_a_worker_that_stands_back_wants_nothing_while_another_lives(database: Database) -> None:
    heartbeat(database, worker("a"))
    heartbeat(database, worker("b"))

    assert heartbeat(database, worker("a"), stands_back=True).wanted == frozenset()


def test_a_worker_that_is_alone_does_not_stand_back(database: Database) -> None:
    assert heartbeat(database, worker("a"), stands_back=True).wanted == EVERY


def test_two_at_once_never_both_get_a_partition(database: Database) -> None:
    for name in ("a", "b", "a", "b"):
        heartbeat(database, worker(name), release=EVERY - assigned_to(name, frozenset({"a", "b"})))

    with database.read() as tx:
        owners = leases.owners(tx)
    assert {part for part, owner in owners.items() if owner == "a"} == assigned_to(
        "a", frozenset({"a", "b"})
    )
    assert owners.keys() == EVERY


def test_when_no_worker_lives_all_can_be_freed(database: Database) -> None:
    heartbeat(database, worker("a"))
    vacate(database)

    taken = heartbeat(database, worker("b")).taken
    assert taken[0] == Grant(taken[0].part, 2, lapsed=False)
    assert len(taken) == PARTS


def test_results_of_a_former_owner_are_left_out(database: Database) -> None:
    hook, result = accepted(database, epoch=1)
    heartbeat(database, worker("a"))
    lapse(database, "a")
    heartbeat(database, worker("b"))

    assert delivery_queue.write_results(database, [result], {}, owner="a") == 1
    assert delivery_queue.first_due_s(database).keys() == {hook.id}


def test_results_are_true_as_long_as_nobody_took_the_partition(database: Database) -> None:
    _, result = accepted(database, epoch=1)
    heartbeat(database, worker("a"))
    lapse(database, "a")

    assert delivery_queue.write_results(database, [result], {}, owner="a") == 0
    assert delivery_queue.first_due_s(database) == {}


def test_results_from_an_epoch_before_are_left_out(database: Database) -> None:
    _, result = accepted(database, epoch=1)
    heartbeat(database, worker("a"))
    leave(database, worker("a"))
    heartbeat(database, worker("a"))

    assert delivery_queue.write_results(database, [result], {}, owner="a") == 1
    assert delivery_queue.write_results(database, [result._replace(epoch=2)], {}, owner="a") == 0


def test_a_former_owner_does_not_write_circuits(database: Database) -> None:
    with database.write() as tx:
        hook = webhook(tx, reseller_id=reseller(tx), part=7)
    heartbeat(database, worker("b"))
    circuit = Circuit(is_open=True, reason=plain("answered 503"), since=1, probe_at=2)

    delivery_queue.write_results(database, [], {hook.id: circuit}, owner="a")

    with database.read() as tx:
        (row,) = webhooks.live(tx, [7])
    assert row.circuit == "CLOSED"


def test_a_worker_is_known_by_its_host_and_version(database: Database) -> None:
    heartbeat(database, worker("a"))

    with database.read() as tx:
        (one,) = leases.members(tx)
    assert (one.id, one.host, one.version) == ("a", "a.example", "1")
    assert 0 < one.until - one.since <= TTL_S * SECOND
