"""One person in several resellers: what opens which, on both databases."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier

import pytest
from sqlalchemy import text

from reseller_webhooks import crypto
from reseller_webhooks.core.access.accounts import Membership
from reseller_webhooks.core.access.audit import PROGRAM, Act, AuditQuery
from reseller_webhooks.core.access.permissions import FREE_GUESSES, Role
from reseller_webhooks.core.access.quotas import QUOTA_OF_ACT, Quota
from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.core.errors import Conflict, NotAllowed, NotFound, NotSignedIn
from reseller_webhooks.crypto import Box
from reseller_webhooks.operations import (
    authentication,
    invites,
    known_devices,
    memberships,
    password_sign_in,
    passwords,
    resellers,
    single_sign_on,
    users,
)
from reseller_webhooks.operations.authentication import NOWHERE
from reseller_webhooks.operations.single_sign_on import Vouched
from reseller_webhooks.operations.visitors import Visitor
from reseller_webhooks.store.access import audit
from reseller_webhooks.store.db.database import Database
from tests.conftest import SECRET_KEY
from tests.passwords import sign_in

ANA = "ana@acme.example"
FIRST, SECOND, THIRD = "correct horse battery", "another long password", "a third long password"


def accept(database: Database, reseller: Reseller, password: str, email: str = ANA) -> Visitor:
    """Be invited, and accept with a password as the page does."""
    token = invites.invite(database, email, Role.ADMIN, reseller.uuid)
    begun = invites.begin_accepting(database, invites.find(database, token), NOWHERE)
    hashed = crypto.hash_password(password, passwords.hash_to_resemble(database, email))
    return authentication.visitor(database, invites.accept(database, token, hashed, begun=begun))


def entering(database: Database, password: str) -> list[str | None]:
    """The resellers that a password opens."""
    try:
        token = sign_in(database, ANA, password)
    except NotSignedIn:
        return []
    return [one.reseller for one in authentication.visitor(database, token).choices]


def member(database: Database, reseller: Reseller) -> Membership:
    (one,) = users.memberships_of(database, ANA, reseller.uuid)
    return one


def by_admin_link(database: Database, reseller: Reseller) -> Visitor:
    """Whoever opens a link that an admin of a reseller has made."""
    admin = authentication.visitor(
        database,
        authentication.sign_in_by_link(
            database, users.add(database, "boss@acme.example", Role.ADMIN, reseller.uuid)
        ),
    )
    uuid = member(database, reseller).uuid
    _, token = users.new_link(database, admin, uuid, reseller_id=reseller.id)
    return authentication.visitor(database, authentication.sign_in_by_link(database, token))


def test_one_password_opens_every_reseller_that_it_was_entered_for(
    database: Database, northwind: Reseller, contoso: Reseller
) -> None:
    accept(database, northwind, FIRST)
    joined = accept(database, contoso, FIRST)

    assert joined.entered.reseller == "Contoso"
    assert [one.reseller for one in joined.choices] == ["Contoso", "Northwind"]
    assert entering(database, FIRST) == ["Contoso", "Northwind"]


def test_an_invite_of_one_reseller_leaves_that_of_another(
    database: Database, northwind: Reseller, contoso: Reseller
) -> None:
    first = invites.invite(database, ANA, Role.ADMIN, northwind.uuid)
    second = invites.invite(database, ANA, Role.VIEWER, contoso.uuid)

    assert invites.find(database, first).reseller_id == northwind.id
    assert invites.find(database, second).reseller_id == contoso.id


def test_whoever_accepts_an_invite_gets_into_nothing_else(
    database: Database, northwind: Reseller, contoso: Reseller
) -> None:
    accept(database, northwind, FIRST)
    attacker = accept(database, contoso, SECOND)
    passwords.change(database, attacker, crypto.hash_password(THIRD))

    assert [one.reseller for one in attacker.choices] == ["Contoso"]
    assert entering(database, THIRD) == ["Contoso"]
    assert entering(database, FIRST) == ["Northwind"]


def test_an_admins_link_opens_that_reseller_and_sets_no_other_password(
    database: Database, northwind: Reseller, contoso: Reseller
) -> None:
    accept(database, northwind, FIRST)
    accept(database, contoso, FIRST)
    everywhere = sign_in(database, ANA, FIRST)
    holder = by_admin_link(database, northwind)
    passwords.change(database, holder, crypto.hash_password(SECOND))

    assert [one.reseller for one in holder.choices] == ["Northwind"]
    assert entering(database, SECOND) == ["Northwind"]
    assert entering(database, FIRST) == ["Contoso"]
    left = authentication.visitor(database, everywhere)
    assert [one.reseller for one in left.choices] == ["Contoso"]


def test_the_holder_of_an_admins_link_sees_no_other_session(
    database: Database, northwind: Reseller, contoso: Reseller
) -> None:
    accept(database, contoso, FIRST)
    accept(database, northwind, FIRST)
    person = authentication.visitor(database, sign_in(database, ANA, FIRST))
    holder = by_admin_link(database, northwind)
    for one in users.sessions_of(database, person):
        if one.uuid != holder.session.uuid:
            users.end_session(database, holder, one.uuid)
    ended = users.end_other_sessions(database, holder)

    assert [one.uuid for one in users.sessions_of(database, holder)] == [holder.session.uuid]
    assert ended == 0
    assert authentication.visitor(database, sign_in(database, ANA, FIRST)).choices
    assert len(users.sessions_of(database, person)) > 2


def test_a_link_of_the_command_line_opens_all_that_the_person_has(
    database: Database, northwind: Reseller, contoso: Reseller
) -> None:
    accept(database, northwind, FIRST)
    accept(database, contoso, SECOND)
    visitor = authentication.visitor(
        database, authentication.sign_in_by_link(database, users.link_for(database, ANA))
    )
    token = memberships.choose(database, visitor, visitor.choices[0].uuid, NOWHERE)
    passwords.change(database, authentication.visitor(database, token), crypto.hash_password(THIRD))

    assert entering(database, THIRD) == ["Contoso", "Northwind"]


@pytest.mark.parametrize("end", ["remove", "lock"])
def test_the_end_in_one_reseller_leaves_the_others(
    database: Database, northwind: Reseller, contoso: Reseller, end: str
) -> None:
    accept(database, northwind, FIRST)
    accept(database, contoso, FIRST)
    token = sign_in(database, ANA, FIRST)
    link = users.link_for(database, ANA)
    does: Callable[..., Membership] = memberships.remove if end == "remove" else users.lock
    does(database, None, member(database, northwind).uuid, reseller_id=northwind.id)
    by_link = authentication.visitor(database, authentication.sign_in_by_link(database, link))

    assert [one.reseller for one in authentication.visitor(database, token).choices] == ["Contoso"]
    assert [one.reseller for one in by_link.choices] == ["Contoso"]
    assert entering(database, FIRST) == ["Contoso"]


def test_a_session_that_opens_nothing_any_more_has_ended(
    database: Database, northwind: Reseller
) -> None:
    accept(database, northwind, FIRST)
    token = sign_in(database, ANA, FIRST)
    memberships.remove(database, None, member(database, northwind).uuid, reseller_id=None)

    with pytest.raises(NotSignedIn):
        authentication.visitor(database, token)
    with pytest.raises(NotSignedIn):
        sign_in(database, ANA, FIRST)


def test_somebody_who_was_removed_can_be_invited_again(
    database: Database, northwind: Reseller
) -> None:
    accept(database, northwind, FIRST)
    memberships.remove(database, None, member(database, northwind).uuid, reseller_id=None)
    accept(database, northwind, SECOND)

    assert entering(database, SECOND) == ["Northwind"]
    assert entering(database, FIRST) == []


def test_a_role_change_ends_the_sessions_of_the_role_before(
    database: Database, northwind: Reseller
) -> None:
    visitor = accept(database, northwind, FIRST)
    token = sign_in(database, ANA, FIRST)
    uuid = visitor.entered.uuid
    memberships.set_role(database, None, uuid, Role.VIEWER, reseller_id=northwind.id)

    with pytest.raises(NotSignedIn):
        authentication.visitor(database, token)
    assert not authentication.visitor(database, sign_in(database, ANA, FIRST)).may_write
    with pytest.raises(NotAllowed):
        memberships.set_role(database, None, uuid, Role.OPERATOR, reseller_id=None)


def test_the_last_admin_cannot_give_up_the_role(database: Database, northwind: Reseller) -> None:
    ana = accept(database, northwind, FIRST)
    users.add(database, "ben@acme.example", Role.ADMIN, northwind.uuid)
    ben = users.memberships_of(database, "ben@acme.example")[0].uuid
    users.lock(database, None, ben, reseller_id=northwind.id)

    with pytest.raises(Conflict):
        memberships.set_role(database, ana, ana.entered.uuid, Role.VIEWER, reseller_id=northwind.id)
    users.unlock(database, ben, reseller_id=northwind.id)
    memberships.set_role(database, ana, ana.entered.uuid, Role.VIEWER, reseller_id=northwind.id)
    assert member(database, northwind).role == Role.VIEWER


@pytest.mark.parametrize("act", ["role", "remove", "lock"])
def test_of_two_admins_who_act_on_each_other_the_first_succeeds(
    database: Database, northwind: Reseller, act: str
) -> None:
    ana = accept(database, northwind, FIRST)
    users.add(database, "ben@acme.example", Role.ADMIN, northwind.uuid)
    ben = users.memberships_of(database, "ben@acme.example")[0]
    does = {
        "role": partial(memberships.set_role, role=Role.VIEWER),
        "remove": memberships.remove,
        "lock": users.lock,
    }[act]
    looks_at_the_page = authentication.visitor(database, sign_in(database, ANA, FIRST))
    does(database, None, ana.entered.uuid, reseller_id=northwind.id)

    with pytest.raises(NotAllowed):
        does(database, looks_at_the_page, ben.uuid, reseller_id=northwind.id)
    (still,) = users.memberships_of(database, "ben@acme.example")
    assert (still.role, still.locked_at) == (Role.ADMIN, None)


def test_what_another_reseller_has_is_not_there(
    database: Database, northwind: Reseller, contoso: Reseller
) -> None:
    accept(database, northwind, FIRST)
    theirs = accept(database, contoso, FIRST).entered.uuid

    for does in (memberships.remove, users.lock, users.new_link):
        with pytest.raises(NotFound):
            does(database, None, theirs, reseller_id=northwind.id)
    with pytest.raises(NotFound):
        memberships.set_role(database, None, theirs, Role.VIEWER, reseller_id=northwind.id)


def test_a_session_enters_only_what_it_opens_and_gets_another_token(
    database: Database, northwind: Reseller, contoso: Reseller
) -> None:
    mine = accept(database, northwind, FIRST)
    theirs = accept(database, contoso, SECOND).entered.uuid
    with pytest.raises(NotFound):
        memberships.choose(database, mine, theirs, NOWHERE)
    both = accept(database, resellers.add(database, "Fabrikam"), FIRST)
    token = memberships.choose(database, both, mine.entered.uuid, NOWHERE)
    after = authentication.visitor(database, token)

    assert after.entered.reseller == "Northwind"
    assert after.session.csrf != both.session.csrf
    assert after.session.uuid == both.session.uuid
    with pytest.raises(NotSignedIn), database.write() as tx:
        authentication.session_of(tx, both)


def test_two_invites_accepted_at_once_make_one_person(
    database: Database, northwind: Reseller, contoso: Reseller
) -> None:
    tokens = [invites.invite(database, ANA, Role.ADMIN, one.uuid) for one in (northwind, contoso)]
    together = Barrier(2)

    def join(token: str) -> str:
        together.wait()
        return invites.accept(database, token, "a hash")

    with ThreadPoolExecutor(2) as threads:
        sessions = list(threads.map(join, tokens))

    assert len({authentication.visitor(database, one).person.id for one in sessions}) == 1
    assert {one.reseller for one in users.memberships_of(database, ANA)} == {"Northwind", "Contoso"}


def test_each_audit_log_tells_only_of_its_own_reseller(
    database: Database, northwind: Reseller, contoso: Reseller
) -> None:
    accept(database, northwind, FIRST)
    accept(database, contoso, FIRST)
    with pytest.raises(NotSignedIn):
        sign_in(database, ANA, "wrong")
    visitor = authentication.visitor(database, sign_in(database, ANA, FIRST))
    before = acts(database, northwind)
    token = memberships.choose(database, visitor, member(database, contoso).uuid, NOWHERE)
    users.end_other_sessions(database, authentication.visitor(database, token))

    assert acts(database, northwind) == before
    assert before == [
        Act.USER_SIGNED_IN,
        Act.USER_JOINED,
        Act.USER_INVITED,
        Act.RESELLER_ADDED,
    ]
    assert acts(database, contoso)[:2] == [Act.USER_SESSIONS_ENDED, Act.USER_SIGNED_IN]
    assert member(database, northwind).seen_at != member(database, contoso).seen_at


def test_entering_the_reseller_one_is_at_changes_nothing(
    database: Database, northwind: Reseller, contoso: Reseller
) -> None:
    accept(database, northwind, FIRST)
    there = accept(database, contoso, FIRST)
    before = acts(database, contoso)

    assert memberships.choose(database, there, there.entered.uuid, NOWHERE) is None
    assert acts(database, contoso) == before


def test_entering_others_counts_towards_a_quota(
    database: Database, northwind: Reseller, contoso: Reseller
) -> None:
    home = accept(database, northwind, FIRST)
    charged: list[Act] = []
    counted = database.acting(PROGRAM, lambda _, act: charged.append(act))
    accept(database, contoso, FIRST)
    visitor = authentication.visitor(database, sign_in(database, ANA, FIRST))
    memberships.choose(counted, visitor, home.entered.uuid, NOWHERE)

    assert [QUOTA_OF_ACT[act] for act in charged] == [Quota.USER_CHANGES_PER_HOUR]


def acts(database: Database, reseller: Reseller) -> list[str]:
    with database.read() as tx:
        return [line.act for line in audit.page(tx, AuditQuery(reseller_id=reseller.id))]


def test_an_own_password_gives_no_free_guesses_at_the_others(
    database: Database, northwind: Reseller, contoso: Reseller
) -> None:
    accept(database, northwind, FIRST)
    attacker = accept(database, contoso, SECOND)
    box = Box([SECRET_KEY])
    cookie = known_devices.issue(box, attacker.person, attacker.entered.password, 0)
    known = known_devices.read(box, cookie, 0)
    tried = 0
    for number in range(FREE_GUESSES + 3):
        attempt = password_sign_in.begin(database, ANA, NOWHERE, known)
        tried += len(attempt.hashes) == 2
        with pytest.raises(NotSignedIn):
            password_sign_in.finish(database, attempt, frozenset())
        own = password_sign_in.begin(database, ANA, NOWHERE, known)
        fitting = crypto.fitting_hashes(own.hashes, SECOND)
        assert password_sign_in.finish(database, own, fitting), number

    assert tried <= FREE_GUESSES


def test_a_new_password_is_no_free_guess_at_the_others(
    database: Database, northwind: Reseller, contoso: Reseller
) -> None:
    accept(database, northwind, FIRST)
    attacker = accept(database, contoso, SECOND)
    opened = []
    for number in range(FREE_GUESSES):
        guess = f"{FIRST} {number}"
        passwords.count_new(database, attacker)
        like = passwords.hash_to_resemble(database, ANA)
        passwords.change(database, attacker, crypto.hash_password(guess, like))
        opened += entering(database, guess)
        attacker = authentication.visitor(database, sign_in(database, ANA, guess))

    with pytest.raises(NotSignedIn, match="too many new passwords; wait 1"):
        passwords.count_new(database, attacker)
    assert opened == ["Contoso"] * FREE_GUESSES
    assert entering(database, FIRST) == ["Northwind"]


@pytest.mark.parametrize("elsewhere", [0, 1, 3])
def test_a_password_is_compared_with_all_in_one_computation(
    database: Database, elsewhere: int
) -> None:
    for number in range(elsewhere):
        accept(database, resellers.add(database, f"Reseller {number}"), f"{FIRST} {number}")
    attempt = password_sign_in.begin(database, ANA)

    assert len(attempt.hashes) == elsewhere
    assert len({one.rpartition("$")[0] for one in attempt.hashes}) == min(elsewhere, 1)


class TestSingleSignOn:
    ISSUER = "https://id.example"

    def sign_in(self, database: Database, subject: str, email: str = ANA) -> Visitor:
        vouched = Vouched(self.ISSUER, subject, email)
        return authentication.visitor(database, single_sign_on.sign_in(database, vouched))

    def test_opens_what_the_person_is_a_member_of(
        self, database: Database, northwind: Reseller, contoso: Reseller
    ) -> None:
        accept(database, northwind, FIRST)
        alone = self.sign_in(database, "1")
        accept(database, contoso, SECOND)
        both = self.sign_in(database, "1")

        assert alone.entered.reseller == "Northwind"
        assert [one.reseller for one in both.choices] == ["Contoso", "Northwind"]
        assert both.membership is None

    def test_the_subject_counts_and_not_the_address(
        self, database: Database, northwind: Reseller, contoso: Reseller
    ) -> None:
        accept(database, northwind, FIRST)
        accept(database, contoso, FIRST, "bob@acme.example")
        self.sign_in(database, "1")
        renamed = self.sign_in(database, "1", "bob@acme.example")

        assert (renamed.person.email, renamed.entered.reseller) == (ANA, "Northwind")
        with pytest.raises(NotSignedIn, match="another account of the identity provider"):
            self.sign_in(database, "2")

    def test_accepts_no_invite_by_itself_nor_one_of_an_address_that_was_given_up(
        self, database: Database, northwind: Reseller, contoso: Reseller
    ) -> None:
        invites.invite(database, ANA, Role.VIEWER, northwind.uuid)
        asked = self.sign_in(database, "1")
        (pending,) = memberships.pending(database, asked)
        token = memberships.accept(database, asked, pending.uuid, NOWHERE)
        invites.invite(database, ANA, Role.VIEWER, contoso.uuid)
        renamed = self.sign_in(database, "1", "new@acme.example")

        assert asked.choices == ()
        assert authentication.visitor(database, token).entered.reseller == "Northwind"
        assert memberships.pending(database, renamed) == []
        with pytest.raises(NotSignedIn, match="nobody has invited"):
            self.sign_in(database, "3", "eve@acme.example")

    def test_an_address_that_was_removed_everywhere_can_be_somebody_else_s(
        self, database: Database, northwind: Reseller
    ) -> None:
        accept(database, northwind, FIRST)
        self.sign_in(database, "1")
        memberships.remove(database, None, member(database, northwind).uuid, reseller_id=None)
        accept(database, northwind, SECOND)

        assert self.sign_in(database, "2").entered.reseller == "Northwind"


class TestBesideTheVersionBefore:
    """That version reads and writes columns of `person`, and knows of no memberships."""

    ADD = (
        "INSERT INTO person (uuid, email, password, role, reseller_id, created_at) "
        "VALUES ('p', 'ana@acme.example', :password, 'admin', :reseller, 1)"
    )

    def add(self, database: Database, reseller: Reseller) -> int:
        with database.write() as tx:
            given = {"password": crypto.hash_password(FIRST), "reseller": reseller.id}
            tx.connection.execute(text(self.ADD), given)
            return int(tx.connection.execute(text("SELECT id FROM person")).scalar_one())

    def seen(self, database: Database) -> tuple[object, ...]:
        columns = "role, reseller_id, password IS NULL, locked_at IS NULL"
        with database.read() as tx:
            return tuple(tx.connection.execute(text(f"SELECT {columns} FROM person")).one())

    def test_whom_it_adds_changes_and_locks_is_so_here(
        self, database: Database, northwind: Reseller
    ) -> None:
        self.add(database, northwind)
        entered = entering(database, FIRST)
        with database.write() as tx:
            given = {"password": crypto.hash_password(SECOND)}
            tx.connection.execute(text("UPDATE person SET password = :password"), given)
        changed = entering(database, FIRST), entering(database, SECOND)
        with database.write() as tx:
            tx.connection.execute(text("UPDATE person SET locked_at = 1"))

        assert entered == ["Northwind"]
        assert changed == ([], ["Northwind"])
        with pytest.raises(NotSignedIn, match="has been ended"):
            sign_in(database, ANA, SECOND)

    def test_who_has_one_membership_is_so_there(
        self, database: Database, northwind: Reseller
    ) -> None:
        accept(database, northwind, FIRST)
        before = self.seen(database)
        users.lock(database, None, member(database, northwind).uuid, reseller_id=None)

        assert before == ("admin", northwind.id, False, True)
        assert self.seen(database) == ("admin", northwind.id, False, False)

    def test_who_has_several_has_none_there_until_one_is_left(
        self, database: Database, northwind: Reseller, contoso: Reseller
    ) -> None:
        self.add(database, northwind)
        accept(database, contoso, SECOND)
        several = self.seen(database)
        memberships.remove(database, None, member(database, northwind).uuid, reseller_id=None)

        assert several == ("viewer", None, True, True)
        assert self.seen(database) == ("admin", contoso.id, False, True)

    def test_its_links_and_sessions_open_an_only_membership(
        self, database: Database, northwind: Reseller, contoso: Reseller
    ) -> None:
        number = self.add(database, northwind)
        for token in ("first", "second"):
            self._add_link(database, number, token)
        self._add_session(database, number, "session")
        opened = authentication.visitor(database, authentication.sign_in_by_link(database, "first"))
        in_session = authentication.visitor(database, "session")
        accept(database, contoso, SECOND)

        assert [one.entered.reseller for one in (opened, in_session)] == ["Northwind"] * 2
        with pytest.raises(NotSignedIn):
            authentication.sign_in_by_link(database, "second")
        with pytest.raises(NotSignedIn):
            authentication.visitor(database, "session")

    def _add_link(self, database: Database, person: int, token: str) -> None:
        with database.write() as tx:
            tx.connection.execute(
                text(
                    "INSERT INTO sign_in_link (fingerprint, person_id, expires_at) "
                    "VALUES (:fingerprint, :person, :until)"
                ),
                {
                    "fingerprint": crypto.fingerprint(token),
                    "person": person,
                    "until": tx.now * 2,
                },
            )

    def _add_session(self, database: Database, person: int, token: str) -> None:
        with database.write() as tx:
            tx.connection.execute(
                text(
                    "INSERT INTO session (fingerprint, uuid, person_id, csrf, address, agent, "
                    "created_at, seen_at, expires_at) "
                    "VALUES (:fingerprint, 's', :person, 'c', '', '', 1, :until, :until)"
                ),
                {
                    "fingerprint": crypto.fingerprint(token),
                    "person": person,
                    "until": tx.now * 2,
                },
            )
