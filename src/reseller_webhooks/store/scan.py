"""Finding what is due: one statement asks for many webhooks, each with a bound of its own."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from functools import lru_cache
from math import inf
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    CompoundSelect,
    Select,
    bindparam,
    exists,
    select,
    tuple_,
    union_all,
)

from reseller_webhooks.clock import Micros
from reseller_webhooks.core.delivery import FIRST, Ask, Delivery, Place
from reseller_webhooks.store import bulk
from reseller_webhooks.store.database import Tx
from reseller_webhooks.store.schema import delivery

WEBHOOKS_A_STATEMENT = 128
_USED = ("id", "webhook_id", "next_at")
_FIELDS = [delivery.c[name] for name in Delivery._fields]
_ID, _WEBHOOK, _NEXT_AT = map(Delivery._fields.index, _USED)
_Row = tuple[Any, ...]
_place: Callable[[_Row], Place] = itemgetter(_NEXT_AT, _ID)


class Rows(NamedTuple):
    """What an ask has found.

    due: those that are, first due first, without those that are held. later: when the first of
    the others will be, as far as any was seen. upto: the last place that was due, held or not.
    full: there may be more.
    """

    due: list[Delivery]
    later: Micros | None
    upto: Place
    full: bool


def scan(tx: Tx, asks: Sequence[Ask], *, ordered: bool) -> list[Rows]:
    """For each ask, deliveries in the sequence in which they are due.

    ordered: asks that all want heads of a resource only, or none of them does.
    """
    found: dict[int, list[_Row]] = {ask.webhook_id: [] for ask in asks}
    for start in range(0, len(asks), WEBHOOKS_A_STATEMENT):
        some = asks[start : start + WEBHOOKS_A_STATEMENT]
        # Statements come in few sizes, so that each is compiled once; what is left over asks 0.
        size = 1 << (len(some) - 1).bit_length()
        given = dict.fromkeys(_names(size), 0)
        for n, ask in enumerate(some):
            given[f"webhook{n}"], given[f"limit{n}"] = ask.webhook_id, _limit(ask)
            given[f"after{n}"], given[f"id{n}"] = ask.after
        for row in bulk.rows(tx.connection.execute(_asking(size, ordered=ordered), given)):
            found[row[_WEBHOOK]].append(row)
    return [_rows(ask, found[ask.webhook_id], tx.now) for ask in asks]


def _limit(ask: Ask) -> int:
    # Those that are held are still in the table, and may all lie before what is new.
    return ask.room + len(ask.held) if ask.after == FIRST else ask.room


def _rows(ask: Ask, found: list[_Row], now: Micros) -> Rows:
    found.sort(key=_place)
    end = bisect_right(found, (now, inf), key=_place)
    # Most of what a busy webhook's first scan finds is held: only the others become deliveries.
    due = [Delivery(*row) for row in found[:end] if row[_ID] not in ask.held]
    later = next((row[_NEXT_AT] for row in found[end:] if row[_ID] not in ask.held), None)
    upto = _place(found[end - 1]) if end else ask.after
    return Rows(due, later, upto, len(found) == _limit(ask))


@lru_cache(maxsize=32)
def _names(size: int) -> list[str]:
    return [f"{name}{n}" for n in range(size) for name in ("webhook", "limit", "after", "id")]


@lru_cache(maxsize=32)
def _asking(size: int, *, ordered: bool) -> CompoundSelect[Any]:
    return union_all(*(select(_one(n, ordered=ordered).subquery()) for n in range(size)))


def _one(n: int, *, ordered: bool) -> Select[Any]:
    statement: Select[Any] = (
        select(*_FIELDS)
        .where(
            delivery.c.webhook_id == bindparam(f"webhook{n}"),
            tuple_(delivery.c.next_at, delivery.c.id)
            > tuple_(
                bindparam(f"after{n}", type_=BigInteger), bindparam(f"id{n}", type_=BigInteger)
            ),
        )
        .order_by(delivery.c.next_at, delivery.c.id)
        .limit(bindparam(f"limit{n}"))
    )
    if not ordered:
        return statement
    earlier = delivery.alias()
    return statement.where(
        ~exists().where(
            earlier.c.webhook_id == delivery.c.webhook_id,
            earlier.c.resource_uuid == delivery.c.resource_uuid,
            earlier.c.version < delivery.c.version,
        )
    )
