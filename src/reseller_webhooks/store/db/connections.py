"""Connections to PostgreSQL whose every wait has a deadline, to the host that takes writes.

Keepalives and tcp_user_timeout notice a peer whose machine is gone. A server that is stopped, or
a proxy that swallows bytes, still acknowledges packets: only a deadline of our own notices it.
"""

from collections.abc import Callable
from contextlib import closing
from typing import Any, TypeVar

import psycopg
from psycopg import abc
from psycopg.abc import AdaptContext, PQGen
from psycopg.adapt import Transformer
from psycopg.conninfo import make_conninfo

from reseller_webhooks.core.database_url import PostgresUrl
from reseller_webhooks.store.db.limits import ANSWER_S, BEGIN_S
from reseller_webhooks.store.db.prepared import PreparedStatements

RV = TypeVar("RV")
INTERRUPT_S = 0.1
"""Seconds between checks for an interrupt during a wait; psycopg's own value."""


class PgConnection(psycopg.Connection[Any]):
    """answer_s: how long it waits for the server each time. A connection that was not answered in
    time is closed, since what it would get later belongs to a call that has ended.
    """

    answer_s: float = ANSWER_S
    is_pooled: bool = False
    """True if a pooler is between this process and the server."""
    prepared: PreparedStatements
    loader: abc.Transformer
    """Turns results into values."""

    def wait(
        self,
        gen: PQGen[RV],
        interval: float = INTERRUPT_S,
        timeout: float | None = None,
    ) -> RV:
        """As psycopg's, with a deadline."""
        if timeout is not None:
            return super().wait(gen, interval, timeout)
        try:
            return super().wait(gen, interval, self.answer_s)
        except psycopg.errors.PipelineAborted:
            raise  # the server has answered: it refused an earlier row of many
        except psycopg.OperationalError as error:
            if error.sqlstate is None:
                self.close()
            raise


class Connector:
    """Opens connections, beginning with the host that took the last one."""

    def __init__(self, url: PostgresUrl) -> None:
        self._url = url
        self._first = 0

    def open(
        self, context: AdaptContext | None = None, *, autocommit: bool = False
    ) -> PgConnection:
        """A connection to the first host that answers and may be written to."""
        one = PgConnection.connect(
            make_conninfo(**self._url.conninfo(self._first)),
            context=context,
            autocommit=True,
            prepare_threshold=self._url.prepare_after,
        )
        one.prepared, one.loader = PreparedStatements(), Transformer(one)
        try:
            self._learn(one)
            one.autocommit = autocommit
        except BaseException:
            one.close()
            raise
        return one

    def _learn(self, one: PgConnection) -> None:
        """Note the host that answered, and whether a pooler answered in its stead."""
        place = (one.info.host, str(one.info.port))
        for number, (host, port) in enumerate(self._url.hosts):
            if place == (host, port or place[1]):
                self._first = number
        one.answer_s = BEGIN_S
        one.is_pooled = is_pooled(one)
        one.answer_s = ANSWER_S
        if one.is_pooled and not self._url.prepare_is_given:
            # In transaction mode the next statement may meet another session of the server.
            one.prepare_threshold = None


def is_pooled(one: psycopg.Connection[Any]) -> bool:
    """True if the session that answers is not the session that the connection was made to.

    A pooler makes up the process id that it tells a client at the start. Outside a transaction.
    """
    return _session(one) != one.info.backend_pid


def shares_sessions(opened: Callable[[], PgConnection], one: PgConnection) -> bool:
    """True if a pooler lends the session of an idle connection to others.

    one: in autocommit mode. A false "no" is possible under load: LISTEN would then hear nothing.
    """
    with closing(opened()) as other:
        before = _session(one)
        with other.transaction():
            return _session(other) == before or _session(one) != before


def _session(one: psycopg.Connection[Any]) -> int:
    row = one.execute("SELECT pg_backend_pid()").fetchone()
    return int(row[0]) if row else 0
