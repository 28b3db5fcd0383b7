"""Polls for added, changed and deleted webhooks, including late commits."""

from reseller_webhooks.core.sync.horizon import Horizon
from reseller_webhooks.engine.dispatch.scheduler import Scheduler
from reseller_webhooks.engine.ports import Ownership, Store


class WebhookChanges:
    """Applies webhook changes to the scheduler. Raises Unavailable if the store does not answer."""

    def __init__(self, store: Store, scheduler: Scheduler, owner: Ownership) -> None:
        self._store, self._scheduler, self._owner = store, scheduler, owner
        self._horizon = Horizon()

    async def begin(self) -> None:
        """Start at the present revisions; the caller then reads all webhooks."""
        self._horizon = await self._store.webhook_horizon()

    async def poll(self) -> None:
        """Apply changes since the last poll."""
        async with self._scheduler.queues.update_lock:
            revised = await self._store.changed_webhooks(self._horizon, self._owner.parts)
            await self._read(revised.revisions)
            self._horizon = revised.horizon

    async def full_sweep(self) -> None:
        """Compare every webhook with the store, and apply all differences."""
        async with self._scheduler.queues.update_lock:
            parts = frozenset(self._owner.parts)
            every = await self._store.revisions(parts)
            self._horizon = self._horizon.lowered(every.newest)
            self._scheduler.queues.keep_only(parts, every.live)
            await self._read(every.live)

    async def _read(self, revisions: dict[int, int]) -> None:
        outdated = self._scheduler.queues.outdated(revisions)
        if outdated:
            self._scheduler.update_webhooks(await self._store.webhooks_by_id(outdated))
