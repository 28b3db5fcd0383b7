"""Limits the rate of new connections: a TLS handshake blocks the event loop for a millisecond.

A reseller whose webhooks all need a connection at once would block it for seconds. So each new
connection takes a turn of 25 ms, whether it opens or not: a silent receiver holds no turn for
longer, and on a busy loop turns last longer.
"""

import asyncio
from asyncio import Future
from collections.abc import Awaitable
from itertools import count
from typing import NamedTuple

from reseller_webhooks.engine.fair_shares import FairShareQueue, FairShares

AT_ONCE, LASTS_S = 16, 0.025
"""640 connections a second; half of that for one reseller alone."""


class _PendingConnection(NamedTuple):
    """A connection that waits for its turn."""

    reseller_id: int
    number: int


class ConnectionTurns:
    """Turns to open a connection, divided fairly among resellers."""

    def __init__(self) -> None:
        self._shares = FairShares(AT_ONCE)
        self._queue = FairShareQueue[_PendingConnection](
            self._shares, lambda pending: pending.reseller_id, lambda _: 0
        )
        self._pending: dict[_PendingConnection, Future[None]] = {}
        self._numbers = count()

    @property
    def waiting(self) -> int:
        """Connections that wait for their turn."""
        return len(self._pending)

    def take(self, reseller_id: int) -> Awaitable[None] | None:
        """Take a turn; None if there is no need to wait."""
        if self._shares.admits(self._shares.load(reseller_id, 0)):
            self._begin(reseller_id)
            return None
        pending = _PendingConnection(reseller_id, next(self._numbers))
        turn = self._pending[pending] = asyncio.get_running_loop().create_future()
        self._queue.add(pending)
        return turn

    def _begin(self, reseller_id: int) -> None:
        self._shares.acquire(reseller_id)
        asyncio.get_running_loop().call_later(LASTS_S, self._end, reseller_id)

    def _end(self, reseller_id: int) -> None:
        self._shares.release(reseller_id)
        self._queue.load_lowered(_PendingConnection(reseller_id, 0))
        for pending in self._queue.pop_admitted():
            turn = self._pending.pop(pending)
            if not turn.done():  # otherwise the waiting task was cancelled
                self._begin(pending.reseller_id)
                turn.set_result(None)
