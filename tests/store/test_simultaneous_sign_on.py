"""First sign-ons of an identity provider that come at the same time, on both databases."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext

from sqlalchemy import text

from reseller_webhooks.core.access.permissions import Role
from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.core.errors import NotSignedIn
from reseller_webhooks.core.messages.access import BOUND_TO_OTHER_ACCOUNT, NOT_INVITED
from reseller_webhooks.operations import (
    authentication,
    invites,
    memberships,
    single_sign_on,
    users,
)
from reseller_webhooks.operations.single_sign_on import Vouched
from reseller_webhooks.store.db.database import Database
from testkit.processes import wait_until

ANA, BOB = "ana@acme.example", "bob@acme.example"
BLOCKED = text(
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


def sign_in(database: Database, vouched: Vouched) -> str:
    """Whose session it is, or the code of why there is none."""
    try:
        return authentication.visitor(
            database, single_sign_on.sign_in(database, vouched)
        ).person.email
    except NotSignedIn as error:
        return error.message.code.name


def sign_in_together(database: Database, vouched: Sequence[Vouched]) -> list[str]:
    """Sign on at once: on PostgreSQL, no identity is written before all of them wait."""
    is_postgres = database.url.startswith("postgresql")
    with ThreadPoolExecutor(len(vouched)) as threads:
        with database.write() if is_postgres else nullcontext() as holder:
            if holder:
                holder.connection.execute(text("LOCK TABLE identity IN SHARE MODE"))
            running = [threads.submit(sign_in, database, one) for one in vouched]
            if holder:
                wait_until(lambda: _blocked(database) == len(vouched), "all of them wait")
        return [one.result() for one in running]


def _blocked(database: Database) -> int:
    with database.read() as tx:
        return int(tx.connection.execute(BLOCKED).scalar_one())


def vouched(subject: str, email: str = ANA) -> Vouched:
    return Vouched("https://id.example", subject, email)


def test_of_one_subject_both_enter(database: Database, northwind: Reseller) -> None:
    users.add(database, ANA, Role.ADMIN, northwind.uuid)

    assert sign_in_together(database, [vouched("1"), vouched("1")]) == [ANA, ANA]


def test_of_one_invited_subject_both_enter(database: Database, northwind: Reseller) -> None:
    invites.invite(database, ANA, Role.ADMIN, northwind.uuid)

    assert sign_in_together(database, [vouched("1"), vouched("1")]) == [ANA, ANA]


def test_of_two_subjects_with_one_address_one_enters(
    database: Database, northwind: Reseller
) -> None:
    users.add(database, ANA, Role.ADMIN, northwind.uuid)

    assert sorted(sign_in_together(database, [vouched("1"), vouched("2")])) == [
        ANA,
        BOUND_TO_OTHER_ACCOUNT.name,
    ]


def test_one_subject_with_two_addresses_is_one_person(
    database: Database, northwind: Reseller
) -> None:
    for email in (ANA, BOB):
        users.add(database, email, Role.ADMIN, northwind.uuid)
    found = sign_in_together(database, [vouched("1", ANA), vouched("1", BOB)])

    assert found in ([ANA, ANA], [BOB, BOB])


def test_a_refused_sign_on_binds_nobody(database: Database, northwind: Reseller) -> None:
    users.add(database, ANA, Role.ADMIN, northwind.uuid)
    (ana,) = users.memberships_of(database, ANA)
    memberships.remove(database, None, ana.uuid, reseller_id=None)
    assert sign_in(database, vouched("1")) == NOT_INVITED.name
    users.add(database, ANA, Role.ADMIN, northwind.uuid)

    assert sign_in(database, vouched("2")) == ANA
