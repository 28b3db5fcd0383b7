"""Answers that were given, by idempotency key, so that a repeated request gets the same one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, delete, insert, select

from reseller_webhooks.clock import Micros
from reseller_webhooks.store.db.database import Tx
from reseller_webhooks.store.tables import idempotency


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """An answer and the fingerprint of the body it was for."""

    fingerprint: str
    answer: str


_GIVEN = select(idempotency.c.key, idempotency.c.fingerprint, idempotency.c.answer).where(
    idempotency.c.key.in_(bindparam("keys", expanding=True))
)


def find(tx: Tx, keys: Iterable[str]) -> dict[str, StoredAnswer]:
    """The answers already given for these keys."""
    named = list(keys)
    if not named:
        return {}
    rows = tx.connection.execute(_GIVEN, {"keys": named})
    return {key: StoredAnswer(fingerprint, answer) for key, fingerprint, answer in rows}


def keep(tx: Tx, answers: Sequence[tuple[str, StoredAnswer]]) -> None:
    """Remember answers from now on."""
    rows = [
        {"key": key, "fingerprint": one.fingerprint, "answer": one.answer, "at": tx.now}
        for key, one in answers
    ]
    if rows:
        tx.connection.execute(insert(idempotency), rows)


def forget(tx: Tx, before: Micros, *, limit: int) -> int:
    """Drop answers older than an instant; how many were dropped, at most `limit`."""
    old = select(idempotency.c.key).where(idempotency.c.at < before).limit(limit)
    return tx.connection.execute(delete(idempotency).where(idempotency.c.key.in_(old))).rowcount
