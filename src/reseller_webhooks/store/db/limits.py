"""Time limits of calls to the store: deadlines in this process, and timeouts that the server is
told."""

from dataclasses import dataclass

BEGIN_S = 4.0
"""For the start of a transaction. A healthy server needs milliseconds; a server that hangs, or
whose packets vanish, acknowledges what it gets and never answers."""
ANSWER_S = 8.0
"""Until the server answers a statement or a commit. Callers are to hear within 10 seconds."""
LOCK_S = 3.0
"""For a lock; a transaction that waits longer holds up others."""
MARGIN_S = 1.0
"""The server gives up this much earlier than we do, so that the connection can be kept."""
IDLE_S = 30.0
"""A transaction in which we do nothing for so long is ended by the server."""
POOL_S = 4.0
"""Until one of the connections is free."""


@dataclass(frozen=True, slots=True)
class StoreLimits:
    """Deadlines of one transaction, in seconds. answer_s: for each round trip."""

    answer_s: float = ANSWER_S
    lock_s: float = LOCK_S

    @property
    def statement_ms(self) -> int:
        """PostgreSQL's statement_timeout."""
        return int(max(self.answer_s - MARGIN_S, self.answer_s / 2) * 1000)

    @property
    def lock_ms(self) -> int:
        """PostgreSQL's lock_timeout."""
        return int(min(self.lock_s, self.answer_s / 2) * 1000)

    @property
    def idle_ms(self) -> int:
        """PostgreSQL's idle_in_transaction_session_timeout."""
        return int(max(IDLE_S, self.answer_s) * 1000)


USUAL = StoreLimits()
