"""Times store transactions, counts their errors, and reads how full the connection pools are."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Self

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import QueuePool

from reseller_webhooks.clock import monotonic_s
from reseller_webhooks.core.errors import Unavailable
from reseller_webhooks.observability.store import errors_total, transaction_seconds, waiting


class Access(StrEnum):
    """Kinds of transactions in metrics."""

    READ = "read"
    WRITE = "write"


class ErrorKind(StrEnum):
    """Reasons why a transaction failed. UNAVAILABLE: the store did not answer or refused to work.
    CONFLICT: with another transaction. UNEXPECTED: a statement of this program is wrong."""

    UNAVAILABLE = "unavailable"
    CONFLICT = "conflict"
    UNEXPECTED = "unexpected"


_WAITING = {access: waiting.labels(access) for access in Access}
_OBSERVE = {access: transaction_seconds.labels(access).observe for access in Access}
_ERRORS = {kind: errors_total.labels(kind) for kind in ErrorKind}


class Metered:
    """One transaction as the metrics see it, from the request for a connection to its end."""

    __slots__ = ("_access", "_is_connected", "_start_s")

    def __init__(self, access: Access) -> None:
        self._access = access
        self._is_connected = False

    def __enter__(self) -> Self:
        self._start_s = monotonic_s()
        _WAITING[self._access].inc()
        return self

    def connected(self) -> None:
        """The transaction has its connection and has begun."""
        self._is_connected = True
        _WAITING[self._access].dec()

    def __exit__(
        self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None
    ) -> None:
        if not self._is_connected:
            _WAITING[self._access].dec()
        _OBSERVE[self._access](monotonic_s() - self._start_s)
        kind = _kind(error)
        if kind:
            _ERRORS[kind].inc()


@dataclass(frozen=True, slots=True)
class PoolUse:
    """A connection pool of this process. limit: the most connections it opens."""

    name: str
    in_use: int
    limit: int


def pools(reading: Engine, writing: Engine) -> Iterator[PoolUse]:
    """The pools of a database; a pool without a limit is left out."""
    named = {"shared": reading} if reading is writing else {"read": reading, "write": writing}
    for name, engine in named.items():
        pool = engine.pool
        if isinstance(pool, QueuePool) and pool._max_overflow >= 0:
            yield PoolUse(name, pool.checkedout(), pool.size() + pool._max_overflow)


def _kind(error: BaseException | None) -> ErrorKind | None:
    if isinstance(error, Unavailable):
        return ErrorKind.CONFLICT if error.collided else ErrorKind.UNAVAILABLE
    return ErrorKind.UNEXPECTED if isinstance(error, SQLAlchemyError) else None
