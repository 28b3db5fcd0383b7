"""Follows the webhooks' settings: what is added, changed or deleted, however late it commits."""

from reseller_webhooks.core.horizon import Horizon
from reseller_webhooks.engine.ports import Ownership, Store
from reseller_webhooks.engine.scheduler import Scheduler


class WebhookChanges:
    """Hands changed webhooks to the scheduler. Unavailable when the store does not answer."""

    def __init__(self, store: Store, scheduler: Scheduler, owner: Ownership) -> None:
        self._store, self._scheduler, self._owner = store, scheduler, owner
        self._horizon = Horizon()

    async def begin(self) -> None:
        """Take the webhooks of now for known: the caller reads all of them after this."""
        self._horizon = await self._store.webhook_horizon()

    async def learn(self) -> None:
        """Apply what has changed since the last time."""
        async with self._scheduler.lanes.learning:
            revised = await self._store.revised(self._horizon, self._owner.parts)
            await self._read(revised.revisions)
            self._horizon = revised.horizon

    async def compare(self) -> None:
        """Compare every webhook with the store's, and apply what differs for any reason."""
        async with self._scheduler.lanes.learning:
            parts = frozenset(self._owner.parts)
            every = await self._store.revisions(parts)
            self._horizon = self._horizon.lowered(every.newest)
            self._scheduler.lanes.keep_only(parts, every.live)
            await self._read(every.live)

    async def _read(self, revisions: dict[int, int]) -> None:
        outdated = self._scheduler.lanes.outdated(revisions)
        if outdated:
            self._scheduler.learn(await self._store.webhooks_by_id(outdated))
