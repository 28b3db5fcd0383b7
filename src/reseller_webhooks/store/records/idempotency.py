"""Answers that were given, by idempotency key, so that a repeated request gets the same one."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, delete, select

from reseller_webhooks.clock import Micros
from reseller_webhooks.store.db import bulk_read, bulk_write
from reseller_webhooks.store.db.database import Tx
from reseller_webhooks.store.tables import idempotency


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """An answer and the fingerprint of the body it was for."""

    fingerprint: str
    answer: str


def ask(tx: Tx, keys: Iterable[str]) -> Callable[[], dict[str, StoredAnswer]]:
    """The answers already given for these keys, waited for when they are called for."""
    named = list(keys)
    if not named:
        return dict
    rows = bulk_read.ask_in(tx, _given, named)
    return lambda: {key: StoredAnswer(*given) for key, *given in rows()}


def keep(tx: Tx, answers: Sequence[tuple[str, StoredAnswer]]) -> None:
    """Remember answers from now on."""
    rows = [
        {"key": key, "fingerprint": one.fingerprint, "answer": one.answer, "at": tx.now}
        for key, one in answers
    ]
    bulk_write.add(tx, idempotency, rows)


def forget(tx: Tx, before: Micros, *, limit: int) -> int:
    """Drop answers older than an instant; how many were dropped, at most `limit`."""
    old = select(idempotency.c.key).where(idempotency.c.at < before).limit(limit)
    return tx.connection.execute(delete(idempotency).where(idempotency.c.key.in_(old))).rowcount


def _given(keys: bulk_read.Some) -> Select[Any]:
    columns = idempotency.c.key, idempotency.c.fingerprint, idempotency.c.answer
    return select(*columns).where(idempotency.c.key.in_(keys))
