"""The counters of a store, lifted when it went back in time: no number is given twice.

What was lost is still known by its number to workers, open pages, cursors, exports and receivers.
"""

from sqlalchemy import insert, text, update
from sqlalchemy.exc import DBAPIError

from reseller_webhooks.core.enums import Resource
from reseller_webhooks.core.errors import Cause
from reseller_webhooks.store.db import errors
from reseller_webhooks.store.db.database import Tx
from reseller_webhooks.store.tables import number

GAP = 2**28
"""More rows than this no restore loses; and far fewer than a day has ids (day_partitions.py)."""
NUMBERS_GAP = 1_000_000
"""Of orders and invoices, whose numbers people read."""
SEQUENCES = ("delivery_id_seq", "event_id_seq", "attempt_id_seq", "record_id_seq")
REVISIONS = "webhook_revision"
NUMBERED = (Resource.ORDER.value, Resource.INVOICE.value)


_LIFT_DELIVERIES = "UPDATE sqlite_sequence SET seq = seq + :gap WHERE name = 'delivery'"
_BEGIN_DELIVERIES = (
    "INSERT INTO sqlite_sequence (name, seq) SELECT 'delivery', :gap"
    " WHERE NOT EXISTS (SELECT * FROM sqlite_sequence WHERE name = 'delivery')"
)


def lift(tx: Tx) -> None:
    """Let every counter go on above all that it may have given.

    An SQLite file keeps the last number of deliveries only; it is replaced while nothing runs,
    and a cursor knows of which generation it is.
    """
    for name in NUMBERED:
        _lift_number(tx, name, NUMBERS_GAP)
    if tx.dialect.name == "postgresql":
        for name in (*SEQUENCES, REVISIONS):
            _lift_sequence(tx, name)
        return
    for statement in (_LIFT_DELIVERIES, _BEGIN_DELIVERIES):
        tx.connection.execute(text(statement), {"gap": GAP})
    _lift_number(tx, REVISIONS, GAP)


def _lift_number(tx: Tx, name: str, gap: int) -> None:
    lifted = update(number).where(number.c.name == name).values(last=number.c.last + gap)
    if not tx.connection.execute(lifted).rowcount:  # what was lost may have been the first
        tx.connection.execute(insert(number).values(name=name, last=gap))


def _lift_sequence(tx: Tx, name: str) -> None:
    statement = f"SELECT setval('{name}', last_value + {GAP}) FROM {name}"  # noqa: S608 - our own
    try:
        with tx.connection.begin_nested():
            tx.connection.execute(text(statement))
    except DBAPIError as error:  # versions are lifted all the same
        if errors.cause_of(error) is not Cause.RIGHTS:
            raise
