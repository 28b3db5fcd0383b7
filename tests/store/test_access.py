"""Guesses, invites, sessions and the audit log, on both databases and from many threads at once."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from reseller_webhooks import clock
from reseller_webhooks.core.access.audit import Act, Actor, ActorKind, AuditQuery, Subject
from reseller_webhooks.core.access.permissions import FREE_GUESSES, Role, Scope
from reseller_webhooks.core.errors import Conflict, NotSignedIn
from reseller_webhooks.operations import (
    api_keys,
    authentication,
    cluster,
    invites,
    login_throttle,
    maintenance,
    resellers,
    single_sign_on,
    users,
)
from reseller_webhooks.operations.authentication import Device
from reseller_webhooks.operations.single_sign_on import Vouched
from reseller_webhooks.store.access import audit
from reseller_webhooks.store.db.database import Database

ANA = "ana@acme.example"
AT_ONCE = 16


def at_once(count: int, work: object) -> list[bool]:
    """Whether each of as many calls at the same moment went through."""
    together = Barrier(count)

    def one(_: int) -> bool:
        together.wait()
        try:
            work()  # type: ignore[operator]
        except (NotSignedIn, Conflict):
            return False
        return True

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(one, range(count)))


def limits(email: str, address: str) -> login_throttle.LoginLimits:
    return login_throttle.limits_of_sign_in(email, address)


def test_guesses_made_at_the_same_moment_do_not_slip_through_together(database: Database) -> None:
    begun = at_once(AT_ONCE, lambda: login_throttle.begin(database, limits(ANA, "")))

    assert sum(begun) == FREE_GUESSES


def test_another_account_and_another_address_need_not_wait(database: Database) -> None:
    for _ in range(FREE_GUESSES):
        login_throttle.begin(database, limits(ANA, "203.0.113.7"))
    with pytest.raises(NotSignedIn) as refused:
        login_throttle.begin(database, limits(ANA, "198.51.100.1"))

    assert refused.value.retry_after_s in range(1, 16)
    assert login_throttle.begin(database, limits("bob@acme.example", "203.0.113.7")) == 1


def test_a_right_guess_takes_itself_back_and_not_those_before(database: Database) -> None:
    for _ in range(3):
        login_throttle.begin(database, limits(ANA, "203.0.113.7"))
    with database.write() as tx:
        login_throttle.forgive(tx, limits(ANA, "203.0.113.7"))
    with database.read() as tx:
        left = tx.connection.exec_driver_sql("SELECT failures FROM guess").scalars().all()

    assert list(left) == [2, 2]


def test_a_day_without_a_guess_forgets_them(database: Database) -> None:
    for _ in range(FREE_GUESSES - 1):
        login_throttle.begin(database, limits(ANA, ""))
    with database.write() as tx:
        tx.connection.exec_driver_sql(f"UPDATE guess SET at = at - {clock.DAY + clock.SECOND}")

    assert login_throttle.begin(database, limits(ANA, "")) == 1


def test_an_invite_is_accepted_once_however_many_try(database: Database) -> None:
    reseller = resellers.add(database, "Northwind")
    token = invites.invite(database, ANA, Role.ADMIN, reseller.uuid)
    joined = at_once(4, lambda: invites.accept(database, token, "a hash"))

    assert sum(joined) == 1
    assert [one.email for one in users.page(database, None)] == [ANA]


def test_a_second_invite_takes_the_place_of_the_first(database: Database) -> None:
    reseller = resellers.add(database, "Northwind")
    first, second = (
        invites.invite(database, ANA, role, reseller.uuid) for role in (Role.ADMIN, Role.VIEWER)
    )

    assert invites.find(database, second).role == "viewer"
    with pytest.raises(NotSignedIn):
        invites.find(database, first)


def test_one_letter_that_only_looks_like_another_is_another_address(database: Database) -> None:
    users.add(database, "kate@acme.example", Role.OPERATOR, None)

    with pytest.raises(NotSignedIn, match="nobody has invited"):
        single_sign_on.sign_in(
            database, Vouched("https://id.example", "k", "\u212aate@acme.example")
        )


def test_a_session_tells_where_it_is_and_moves_with_its_browser(database: Database) -> None:
    link = users.add(database, ANA, Role.OPERATOR, None)
    token = authentication.sign_in_by_link(database, link, Device("203.0.113.7", "Firefox/1 Linux"))
    with database.write() as tx:
        tx.connection.exec_driver_sql("UPDATE session SET seen_at = 1")
    authentication.visitor(database, token, Device("2001:db8::1", "Firefox/2 Linux"))
    (session,) = users.sessions_of(database, authentication.visitor(database, token))

    assert (session.address, session.agent) == ("2001:db8::1", "Firefox/2 Linux")
    assert session.seen_at > session.created_at


def test_the_audit_log_keeps_who_and_from_where_and_its_lines_in_line(database: Database) -> None:
    by = Actor(ActorKind.KEY, "CRM rwk_123456", "203.0.113.7")
    made = resellers.add(database.acting(by), "Northwind")
    key = authentication.add_key(database.acting(by), Scope.RESELLER, made.uuid, "Second")
    api_keys.revoke(database, key.id)
    with database.read() as tx:
        lines = audit.page(tx, AuditQuery(reseller_id=made.id))
        rest = audit.page(tx, AuditQuery(reseller_id=made.id, behind=lines[0].id, limit=1))

    assert [line.act for line in lines] == [Act.KEY_REVOKED, Act.KEY_ADDED, Act.RESELLER_ADDED]
    assert rest == lines[1:2]
    assert {(one.actor_kind, one.actor, one.address) for one in rest} == {
        ("key", "CRM rwk_123456", "203.0.113.7")
    }
    assert rest[0].details == {"scope": "reseller"}


def test_maintenance_drops_what_is_past_its_time_and_nothing_else(database: Database) -> None:
    reseller = resellers.add(database, "Northwind")
    invites.invite(database, ANA, Role.ADMIN, reseller.uuid)
    login_throttle.begin(database, limits(ANA, "203.0.113.7"))
    with database.write() as tx:
        audit.write(tx, Act.KEY_ADDED, Subject("old", "old", None))
        old = f"{tx.now - maintenance.AUDIT_KEPT - clock.SECOND}"
        tx.connection.exec_driver_sql(f"UPDATE audit SET at = {old} WHERE subject_uuid = 'old'")
    before = counts(database)
    maintenance.drop_expired_access(database)
    maintenance.drop_audit(database)
    after = counts(database)
    with database.write() as tx:
        tx.connection.exec_driver_sql("UPDATE invite SET expires_at = 1")
        tx.connection.exec_driver_sql("UPDATE guess SET at = 1")
    maintenance.drop_expired_access(database)
    maintenance.drop_audit(database)

    assert before == [3, 1, 2]
    assert after == [2, 1, 2]
    assert counts(database) == [2, 0, 0]


def counts(database: Database) -> list[int]:
    with database.read() as tx:
        return [
            int(tx.connection.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar_one())
            for name in ("audit", "invite", "guess")
        ]


def test_health_of_an_empty_store_is_told(database: Database) -> None:
    found = cluster.overview(database)

    assert found.partitions.free == 256
    assert (found.members, found.circuits) == ([], [])
