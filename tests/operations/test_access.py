"""Keys, links, passwords and sessions."""

import pytest

from reseller_webhooks import crypto
from reseller_webhooks.core.access.permissions import FREE_GUESSES, Role, Scope
from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.core.errors import Conflict, Invalid, NotAllowed, NotFound, NotSignedIn
from reseller_webhooks.operations import authentication, passwords, resellers, users
from reseller_webhooks.operations.visitors import Visitor
from reseller_webhooks.store.db.database import Database
from tests.passwords import sign_in

PASSWORD = "correct horse battery"


def signed_in(database: Database, role: Role, reseller: str | None) -> Visitor:
    link = users.add(database, f"{role}@acme.example", role, reseller)
    return authentication.visitor(database, authentication.sign_in_by_link(database, link))


def with_password(database: Database, reseller: Reseller) -> str:
    visitor = signed_in(database, Role.ADMIN, reseller.uuid)
    passwords.change(database, visitor, crypto.hash_password(PASSWORD))
    return visitor.person.email


def test_a_key_tells_its_scope_and_reseller(database: Database, reseller: Reseller) -> None:
    made = authentication.add_key(database, Scope.RESELLER_READ, reseller.uuid)

    assert made.key.startswith("rwk_")
    assert authentication.caller(database, made.key) == authentication.Caller(
        Scope.RESELLER_READ, reseller.id
    )


def test_an_unknown_key_is_nobody(database: Database) -> None:
    with pytest.raises(NotSignedIn):
        authentication.caller(database, "rwk_" + "x" * 43)


def test_a_key_for_a_reseller_that_is_not_there_is_refused(database: Database) -> None:
    with pytest.raises(NotFound):
        authentication.add_key(database, Scope.RESELLER, "nobody")


def test_a_link_signs_in_once(database: Database, reseller: Reseller) -> None:
    link = users.add(database, "Ana@Acme.example", Role.ADMIN, reseller.uuid)
    visitor = authentication.visitor(database, authentication.sign_in_by_link(database, link))

    assert (visitor.person.email, visitor.reseller_id) == ("ana@acme.example", reseller.id)
    with pytest.raises(NotSignedIn):
        authentication.sign_in_by_link(database, link)


@pytest.mark.parametrize("email", ["", "ana", "@x", "a b@c", "a@b\nc"])
def test_what_is_no_address_is_refused(database: Database, reseller: Reseller, email: str) -> None:
    with pytest.raises(Invalid):
        users.add(database, email, Role.ADMIN, reseller.uuid)


def test_an_address_is_taken_once(database: Database, reseller: Reseller) -> None:
    users.add(database, "ana@acme.example", Role.ADMIN, reseller.uuid)

    with pytest.raises(Conflict):
        users.add(database, "ANA@acme.example", Role.VIEWER, reseller.uuid)


def test_a_password_signs_in_and_a_wrong_one_does_not(
    database: Database, reseller: Reseller
) -> None:
    email = with_password(database, reseller)

    assert (
        authentication.visitor(database, sign_in(database, email, PASSWORD)).person.email == email
    )
    for address, password in ((email, "wrong"), ("nobody@acme.example", PASSWORD)):
        with pytest.raises(NotSignedIn, match="address or the password"):
            sign_in(database, address, password)


def test_nobody_without_a_password_signs_in_with_one(
    database: Database, reseller: Reseller
) -> None:
    users.add(database, "ana@acme.example", Role.ADMIN, reseller.uuid)

    with pytest.raises(NotSignedIn):
        sign_in(database, "ana@acme.example", "")


def test_guesses_are_slowed_down_even_if_the_next_is_right(
    database: Database, reseller: Reseller
) -> None:
    email = with_password(database, reseller)
    for _ in range(FREE_GUESSES):
        with pytest.raises(NotSignedIn):
            sign_in(database, email, "wrong")

    with pytest.raises(NotSignedIn, match="wait"):
        sign_in(database, email, PASSWORD)


def test_a_new_password_ends_the_other_sessions(database: Database, reseller: Reseller) -> None:
    email = with_password(database, reseller)
    here, there = (sign_in(database, email, PASSWORD) for _ in range(2))
    passwords.change(database, authentication.visitor(database, here), crypto.hash_password("!"))

    assert authentication.visitor(database, here)
    with pytest.raises(NotSignedIn):
        authentication.visitor(database, there)


def test_a_session_that_has_ended_sets_no_password(database: Database, reseller: Reseller) -> None:
    email = with_password(database, reseller)
    visitor = authentication.visitor(database, sign_in(database, email, PASSWORD))
    users.lock(database, None, visitor.entered.uuid, reseller_id=None)

    with pytest.raises(NotSignedIn):
        passwords.change(database, visitor, crypto.hash_password("another long one"))


def test_a_reset_is_good_for_one_password(database: Database, reseller: Reseller) -> None:
    email = with_password(database, reseller)
    link = users.link_for(database, email)
    visitor = authentication.visitor(database, authentication.sign_in_by_link(database, link))
    passwords.change(database, visitor, crypto.hash_password("another long one"))

    with pytest.raises(Invalid):
        passwords.change(database, visitor, crypto.hash_password(PASSWORD))


def test_a_session_ends_when_it_is_signed_out(database: Database, reseller: Reseller) -> None:
    email = with_password(database, reseller)
    token = sign_in(database, email, PASSWORD)
    authentication.sign_out(database, authentication.visitor(database, token))

    with pytest.raises(NotSignedIn):
        authentication.visitor(database, token)


def test_an_operator_turns_to_any_reseller_and_nobody_else_does(
    database: Database, reseller: Reseller
) -> None:
    other = resellers.add(database, "Other")
    operator = signed_in(database, Role.OPERATOR, None)
    authentication.look_at(database, operator, other.uuid)

    assert operator.reseller_id is None
    with pytest.raises(NotAllowed):
        authentication.look_at(database, signed_in(database, Role.ADMIN, reseller.uuid), other.uuid)


def test_a_viewer_may_not_write(database: Database, reseller: Reseller) -> None:
    assert not signed_in(database, Role.VIEWER, reseller.uuid).may_write
    assert signed_in(database, Role.ADMIN, reseller.uuid).may_write
