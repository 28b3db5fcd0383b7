"""Users and invites by a part of their address, page by page, on both databases."""

from reseller_webhooks.core.access.permissions import Role
from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.operations import invites, memberships, users
from reseller_webhooks.store.db.database import Database

ANA, BOB = "ana@acme.example", "bob@acme.example"


def found(database: Database, reseller: Reseller | None, search: str) -> list[tuple[str, str]]:
    rows = users.list_all(database, reseller.id if reseller else None, search=search)
    return [(one.email, one.reseller or "") for one in rows]


def test_users_are_found_by_address_where_they_belong(
    database: Database, northwind: Reseller, contoso: Reseller
) -> None:
    for email, reseller in ((ANA, northwind), (BOB, northwind), (ANA, contoso)):
        users.add(database, email, Role.ADMIN, reseller.uuid)
    (bob,) = users.memberships_of(database, BOB)

    assert found(database, None, "NA@") == [(ANA, "Northwind"), (ANA, "Contoso")]
    assert found(database, contoso, "ana") == [(ANA, "Contoso")]
    assert found(database, contoso, "bob") == found(database, contoso, bob.uuid) == []
    assert found(database, northwind, bob.uuid) == [(BOB, "Northwind")]
    assert found(database, northwind, "%") == found(database, northwind, "\0zz") == []


def test_a_removed_user_is_not_found(database: Database, northwind: Reseller) -> None:
    users.add(database, ANA, Role.ADMIN, northwind.uuid)
    (ana,) = users.memberships_of(database, ANA)
    memberships.remove(database, None, ana.uuid, reseller_id=None)

    assert found(database, None, "ana") == []


def test_every_user_is_read_page_by_page(database: Database, northwind: Reseller) -> None:
    emails = [f"user-{number:03}@acme.example" for number in range(203)]
    for email in emails:
        users.add(database, email, Role.VIEWER, northwind.uuid)

    assert [email for email, _ in found(database, northwind, "user-")] == emails


def test_invites_are_searched_page_by_page_and_by_reseller(
    database: Database, northwind: Reseller, contoso: Reseller
) -> None:
    for number in range(5):
        invites.invite(database, f"user-{number}@acme.example", Role.VIEWER, northwind.uuid)
    invites.invite(database, "user-5@acme.example", Role.VIEWER, contoso.uuid)
    invites.invite(database, ANA, Role.VIEWER, northwind.uuid)
    first = invites.page(database, northwind.id, limit=2, search="USER")
    rest = invites.page(database, northwind.id, before=first[-1].id, search="user")

    assert [one.email[5] for one in first] == ["4", "3"]
    assert [one.email[5] for one in rest] == ["2", "1", "0"]
    assert invites.page(database, northwind.id, search="user-5") == []
    assert len(invites.page(database, None, search="user")) == 6
