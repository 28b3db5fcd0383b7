"""Finding what is due: one statement asks for many webhooks, each with a bound of its own."""

from collections.abc import Mapping
from functools import lru_cache
from itertools import islice
from typing import Any

from sqlalchemy import CompoundSelect, Select, bindparam, exists, select, union_all

from reseller_webhooks.core.delivery import Delivery
from reseller_webhooks.store.database import Tx
from reseller_webhooks.store.schema import delivery

WEBHOOKS_A_STATEMENT = 128
_FIELDS = [delivery.c[name] for name in Delivery.__dataclass_fields__]


def scan(tx: Tx, limits: Mapping[int, int], *, ordered: bool) -> dict[int, list[Delivery]]:
    """For each webhook, up to its limit of deliveries, in the sequence in which they are due.

    ordered: heads of a resource only. Those that lie in the future come too: the first of them
    tells when to look again, so the caller needs no second question.
    """
    found: dict[int, list[Delivery]] = {webhook: [] for webhook in limits}
    asked = iter(limits.items())
    while some := list(islice(asked, WEBHOOKS_A_STATEMENT)):
        # Statements come in few sizes, so that each is compiled once; what is left over asks 0.
        size = 1 << (len(some) - 1).bit_length()
        given = {f"webhook{n}": webhook for n, (webhook, _) in enumerate(some)}
        given |= {f"limit{n}": limit for n, (_, limit) in enumerate(some)}
        for n in range(len(some), size):
            given |= {f"webhook{n}": 0, f"limit{n}": 0}
        for row in tx.connection.execute(_asking(size, ordered=ordered), given):
            found[row.webhook_id].append(Delivery(*row))
    return {webhook: sorted(rows, key=_turn) for webhook, rows in found.items()}


def _turn(one: Delivery) -> tuple[int, int]:
    return one.next_at, one.id


@lru_cache(maxsize=32)
def _asking(size: int, *, ordered: bool) -> CompoundSelect[Any]:
    return union_all(*(select(_one(n, ordered=ordered).subquery()) for n in range(size)))


def _one(n: int, *, ordered: bool) -> Select[Any]:
    statement: Select[Any] = (
        select(*_FIELDS)
        .where(delivery.c.webhook_id == bindparam(f"webhook{n}"))
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
