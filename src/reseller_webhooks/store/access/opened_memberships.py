"""Memberships that a session or a sign-in link opens: a column with their ids."""

from sqlalchemy import Table, delete, select, update

from reseller_webhooks.store.db.database import Tx

Opens = frozenset[int]
"""Ids of memberships."""


def to_text(opens: Opens) -> str:
    """As the column holds it."""
    return ",".join(str(number) for number in sorted(opens))


def from_text(text: str | None) -> Opens | None:
    """From the column; None where an earlier version has written the row."""
    return None if text is None else frozenset(int(number) for number in text.split(",") if number)


def withdraw(tx: Tx, table: Table, person_id: int, memberships: Opens, *, but: str = "") -> None:
    """Take memberships away from all rows of a person but one; delete rows that open none then.

    but: the fingerprint of the row that stays as it is.
    """
    c = table.c
    rows = select(c.fingerprint, c.opens).where(c.person_id == person_id, c.fingerprint != but)
    for fingerprint, text in tx.connection.execute(rows).all():
        opens = from_text(text)
        left = (opens or frozenset()) - memberships
        row = c.fingerprint == fingerprint
        if not left:
            tx.connection.execute(delete(table).where(row))
        elif left != opens:
            tx.connection.execute(update(table).where(row).values(opens=to_text(left)))
