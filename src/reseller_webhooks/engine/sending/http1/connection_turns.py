"""Limits the rate of new connections: a TLS handshake blocks the event loop for a millisecond.

A reseller whose webhooks all need a connection at once would block it for seconds. So each
connection has a turn of 25 ms, whether it opens or not: a silent receiver keeps no turn for longer,
and where the loop is late, turns last longer by the same time.
"""

import asyncio
from asyncio import Future
from collections.abc import Awaitable
from itertools import count
from typing import NamedTuple

from reseller_webhooks.engine.fair_shares import FairQueue, FairShares

AT_ONCE, LASTS_S = 16, 0.025
"""640 connections a second; half of that for one reseller alone."""


class _Wanted(NamedTuple):
    """A connection that waits for its turn."""

    reseller_id: int
    number: int


class ConnectionTurns:
    """Turns to open a connection, shared out to resellers fairly."""

    def __init__(self) -> None:
        self._shares = FairShares(AT_ONCE)
        self._queue = FairQueue[_Wanted](self._shares, lambda one: one.reseller_id, lambda _: 0)
        self._pending: dict[_Wanted, Future[None]] = {}
        self._numbers = count()

    @property
    def waiting(self) -> int:
        """Connections that wait for their turn."""
        return len(self._pending)

    def take(self, reseller_id: int) -> Awaitable[None] | None:
        """Take a turn; None when there is no need to wait for it."""
        if self._shares.admits(self._shares.load(reseller_id, 0)):
            self._begin(reseller_id)
            return None
        wanted = _Wanted(reseller_id, next(self._numbers))
        begun = self._pending[wanted] = asyncio.get_running_loop().create_future()
        self._queue.add(wanted)
        return begun

    def _begin(self, reseller_id: int) -> None:
        self._shares.acquire(reseller_id)
        asyncio.get_running_loop().call_later(LASTS_S, self._end, reseller_id)

    def _end(self, reseller_id: int) -> None:
        self._shares.release(reseller_id)
        self._queue.load_lowered(_Wanted(reseller_id, 0))
        for wanted in self._queue.pop_admitted():
            begun = self._pending.pop(wanted)
            if not begun.done():  # else the waiting task was cancelled
                self._begin(wanted.reseller_id)
                begun.set_result(None)
