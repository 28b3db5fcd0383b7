"""Application context: the parts of the running program that API and pages use."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from reseller_webhooks.core.deliveries.attempts import Attempt
from reseller_webhooks.core.health.conditions import Condition
from reseller_webhooks.core.webhooks.webhook import Webhook
from reseller_webhooks.crypto import Box
from reseller_webhooks.operations.changes import ChangeRequest, ChangesAnswer
from reseller_webhooks.operations.concurrency import ConcurrencyLimit
from reseller_webhooks.operations.public_ids import PublicIds
from reseller_webhooks.operations.quotas import Quotas
from reseller_webhooks.settings import Settings
from reseller_webhooks.store.db.database import Database

__all__ = ["AppContext", "Database"]
"""Database: a handle that HTTP code passes on to operations, which alone open transactions."""


class EventCommits(Protocol):
    """Commits of events, by this process and by others."""

    @property
    def count(self) -> int:
        """Commits so far. Read it before the store, and pass it to `wait`."""

    async def wait(self, seen: int, within_s: float, *, pause_s: float) -> None:
        """Return after the next commit behind `seen`, or after `within_s` seconds."""


@dataclass(frozen=True, slots=True)
class AppContext:
    """The parts of the running program that the edges use.

    quotas: what each reseller may use.
    ids: encrypts and decrypts the numbers that others see.
    submit: apply a request of changes, durable when it answers; raises what the request breaks.
    send_test: send a webhook a test notification at once.
    event_commits: wakes readers of the feed.
    tests: limits how many of those each reseller has under way.
    conditions: what is wrong with this process, from memory.
    readiness: the same and what the store says, within a deadline.
    """

    settings: Settings
    database: Database
    box: Box
    quotas: Quotas
    ids: PublicIds
    submit: Callable[[ChangeRequest], Awaitable[ChangesAnswer]]
    send_test: Callable[[Webhook], Awaitable[Attempt]]
    event_commits: EventCommits
    tests: ConcurrencyLimit
    conditions: Callable[[], Sequence[Condition]]
    readiness: Callable[[], Awaitable[Sequence[Condition]]]
