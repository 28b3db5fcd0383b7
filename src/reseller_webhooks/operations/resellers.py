"""Resellers: add, find, list."""

from collections.abc import Collection, Iterator

from reseller_webhooks import crypto
from reseller_webhooks.core.access.audit import Act, Subject
from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.core.errors import NotFound
from reseller_webhooks.core.text_rules import check_name
from reseller_webhooks.store.access import audit, resellers
from reseller_webhooks.store.db.database import Database, Tx

NAME_MAX = 200


def add(database: Database, name: str) -> Reseller:
    """A new reseller with a fresh id."""
    wanted = name.strip()
    check_name(wanted, NAME_MAX)
    with database.write() as tx:
        made = resellers.add(tx, crypto.new_id(), wanted)
        audit.write(tx, Act.RESELLER_ADDED, subject_of(made))
        return made


def get(database: Database, uuid: str) -> Reseller:
    """The reseller with that id."""
    with database.read() as tx:
        return by_uuid(tx, uuid)


def by_number(database: Database, number: int) -> Reseller:
    """The reseller with the store's number."""
    with database.read() as tx:
        return by_id(tx, number)


def by_uuid(tx: Tx, uuid: str) -> Reseller:
    """The reseller with that id. NotFound."""
    found = resellers.by_uuid(tx, uuid)
    if found is None:
        raise NotFound("reseller", uuid)
    return found


def by_id(tx: Tx, number: int) -> Reseller:
    """The reseller with the store's number. NotFound."""
    found = resellers.by_id(tx, number)
    if found is None:
        raise NotFound("reseller", str(number))
    return found


def subject_of(reseller: Reseller) -> Subject:
    """A reseller, as the audit log names it."""
    return Subject(reseller.uuid, reseller.name, reseller.id)


def page(
    database: Database, *, after: int = 0, limit: int = 100, search: str = ""
) -> list[Reseller]:
    """Resellers in the order they were added; search: part of the name, or the id."""
    with database.read() as tx:
        return resellers.page(tx, after=after, limit=limit, search=search)


def every(database: Database, *, search: str = "") -> Iterator[Reseller]:
    """All of them, read page by page."""
    found = page(database, search=search)
    while found:
        yield from found
        found = page(database, after=found[-1].id, search=search)


def names(database: Database, numbers: Collection[int]) -> dict[int, str]:
    """Names of resellers, by the store's numbers."""
    with database.read() as tx:
        return resellers.names(tx, numbers)
