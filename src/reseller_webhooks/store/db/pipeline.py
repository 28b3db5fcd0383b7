"""Statements to PostgreSQL of which many share a round trip: libpq's pipeline mode.

psycopg's own pipeline needs a cursor for each statement; this one sends texts and gives rows.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import psycopg
from psycopg import generators
from psycopg.abc import PQGen, Transformer
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGconn, PGresult

from reseller_webhooks.store.db.connections import PgConnection
from reseller_webhooks.store.db.driver import Row

_PARAMETER = re.compile(r"%\((\w+)\)s|%%")
_FAILED = (ExecStatus.FATAL_ERROR, ExecStatus.BAD_RESPONSE)


class Statement:
    """A statement, and its result once it has run."""

    __slots__ = ("_loader", "_result", "text", "values")

    def __init__(self, text: str, values: Mapping[str, Any]) -> None:
        self.text, names = positional(text)
        self.values = [_dumped(values[name]) for name in names]
        self._result: PGresult | None = None
        self._loader: Transformer | None = None

    @property
    def has_run(self) -> bool:
        """True if there is a result."""
        return self._result is not None

    def ran(self, connection: PgConnection, result: PGresult) -> None:
        """Take the result."""
        self._loader, self._result = connection.loader, result

    def rows(self) -> list[Row]:
        """The rows of the result."""
        assert self._result is not None  # noqa: S101 - the caller has waited for it
        assert self._loader is not None  # noqa: S101
        if not self._result.ntuples:
            return []
        self._loader.set_pgresult(self._result)
        rows: list[Row] = self._loader.load_rows(0, self._result.ntuples, tuple)
        return rows

    def count(self) -> int:
        """The number of rows written or found."""
        assert self._result is not None  # noqa: S101 - the caller has waited for it
        return self._result.command_tuples or 0


def run(connection: PgConnection, statements: Sequence[Statement], *, prepares: bool) -> None:
    """Run statements, all in one round trip. The error of the first that fails is raised."""
    connection.wait(_run(connection, statements, prepares=prepares))


def _run(
    connection: PgConnection, statements: Sequence[Statement], *, prepares: bool
) -> PQGen[None]:
    pgconn = connection.pgconn
    pgconn.enter_pipeline_mode()
    preparing: list[bytes] = []
    plan: list[Statement | None] = []
    for one in statements:
        if prepares:
            _send(connection, one, plan, preparing)
        else:
            pgconn.send_query_params(one.text, one.values)
            plan.append(one)
    for name in connection.prepared.pop_surplus():
        pgconn.send_query_params(b"DEALLOCATE " + name, None)
        plan.append(None)
    pgconn.pipeline_sync()
    yield from generators.send(pgconn)
    failure = yield from _fetch(connection, plan)
    if failure is not None:
        for text in preparing:
            connection.prepared.forget(text)
        raise psycopg.errors.error_from_result(failure, encoding="utf-8")


def _send(
    connection: PgConnection,
    one: Statement,
    plan: list[Statement | None],
    preparing: list[bytes],
) -> None:
    pgconn, prepared = connection.pgconn, connection.prepared
    name = prepared.meet(one.text)
    if name is None:
        pgconn.send_query_params(one.text, one.values)
    else:
        if not name:
            name = prepared.draw_name(one.text)
            pgconn.send_prepare(name, one.text)
            preparing.append(one.text)
            plan.append(None)
        pgconn.send_query_prepared(name, one.values)
    plan.append(one)


def _fetch(connection: PgConnection, plan: Sequence[Statement | None]) -> PQGen[PGresult | None]:
    """Take the results; the first failure."""
    pgconn: PGconn = connection.pgconn
    failure: PGresult | None = None
    for one in plan:
        (result,) = yield from generators.fetch_many(pgconn)
        if result.status in _FAILED:
            failure = failure or result
        elif one and failure is None:
            one.ran(connection, result)
    yield from generators.fetch_many(pgconn)  # of the sync
    pgconn.exit_pipeline_mode()
    return failure


@lru_cache(maxsize=2048)
def positional(text: str) -> tuple[bytes, tuple[str, ...]]:
    """A text with parameters by name, as the server takes it, and their names in its sequence."""
    names: dict[str, int] = {}

    def numbered(found: re.Match[str]) -> str:
        if found[0] == "%%":
            return "%"
        return f"${names.setdefault(found[1], len(names) + 1)}"

    return _PARAMETER.sub(numbered, text).encode(), tuple(names)


def _dumped(value: Any) -> bytes | None:
    if value is None:
        return None
    if isinstance(value, str):
        text = value.encode()
        if b"\0" in text:
            raise psycopg.DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes")
        return text
    if isinstance(value, bool):
        return b"t" if value else b"f"
    assert isinstance(value, int | float)  # noqa: S101 - what the hot statements take
    return repr(value).encode() if isinstance(value, float) else b"%d" % value
