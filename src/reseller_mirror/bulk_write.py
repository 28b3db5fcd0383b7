"""Writes many records at once: one statement says which are newer, two write them."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Table, bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from reseller_mirror.tables import TABLES, Held, row

CHUNK = 500
"""Ids in one statement, and rows in one message to the database."""


def keep_newer(
    connection: Connection, resource: str, records: Collection[Held], *, even_if_older: bool
) -> int:
    """Store those records that are newer than the stored ones; returns their number.

    even_if_older: also where they differ the other way. Of records with the same id, the newest.
    """
    newest = {one.uuid: one for one in sorted(records, key=lambda one: one.version)}
    versions = held_versions(connection, TABLES[resource], list(newest))
    added = [one for one in newest.values() if one.uuid not in versions]
    known = [(one, versions[one.uuid]) for one in newest.values() if one.uuid in versions]
    changed = [
        one
        for one, version in known
        if one.version > version or (even_if_older and one.version < version)
    ]
    late = _add(connection, resource, added)
    _change(connection, resource, [*changed, *late], even_if_older)
    return len(added) + len(changed)


def held_versions(connection: Connection, table: Table, uuids: Sequence[str]) -> dict[str, int]:
    """The versions of those records that are held."""
    statement = select(table.c.uuid, table.c.version)
    return {
        uuid: version
        for chunk in _chunks(uuids)
        for uuid, version in connection.execute(statement.where(table.c.uuid.in_(chunk))).tuples()
    }


def drop(connection: Connection, table: Table, uuids: Collection[str]) -> None:
    """Delete these records."""
    for chunk in _chunks(sorted(uuids)):
        connection.execute(delete(table).where(table.c.uuid.in_(chunk)))


def _add(connection: Connection, resource: str, records: Sequence[Held]) -> list[Held]:
    """Insert records; returns those that another process has inserted meanwhile."""
    if not records:
        return []
    statement = insert(TABLES[resource])
    try:
        with connection.begin_nested():
            connection.execute(statement, [row(resource, one) for one in records])
    except IntegrityError:
        if len(records) == 1:
            return list(records)
        return [one for each in records for one in _add(connection, resource, [each])]
    return []


def _change(
    connection: Connection, resource: str, records: Sequence[Held], even_if_older: bool
) -> None:
    if not records:
        return
    table = TABLES[resource]
    older = table.c.version < bindparam("newer")
    if even_if_older:
        older = table.c.version != bindparam("newer")
    columns: dict[str, Any] = {
        column.name: bindparam(f"new_{column.name}") for column in table.columns
    }
    statement = update(table).where(table.c.uuid == bindparam("id"), older).values(columns)
    connection.execute(
        statement,
        [
            {"id": one.uuid, "newer": one.version}
            | {f"new_{name}": value for name, value in row(resource, one).items()}
            for one in records
        ],
    )


def _chunks(uuids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (uuids[start : start + CHUNK] for start in range(0, len(uuids), CHUNK))
