"""Asks the store what is due; a lane whose scan fails holds up no other."""

from collections.abc import Callable, Sequence

from reseller_webhooks.core.errors import Unavailable
from reseller_webhooks.engine.lane import Lane
from reseller_webhooks.engine.ports import Store
from reseller_webhooks.observability.outages import log_refusal
from reseller_webhooks.operations.sending import Found


class Scanner:
    """found: takes what a scan has found. failed: a lane that has to be scanned later."""

    def __init__(
        self,
        store: Store,
        found: Callable[[Sequence[Lane], Sequence[Found]], None],
        failed: Callable[[Lane], None],
    ) -> None:
        self._store = store
        self._found = found
        self._failed = failed

    async def scan(self, lanes: Sequence[Lane]) -> None:
        """Scan these lanes. Raises what is neither found nor Unavailable, after all were tried."""
        try:
            found = await self._store.scan([lane.ask() for lane in lanes])
        except Unavailable as error:
            log_refusal("the store was not scanned", error)
            self._fail(lanes)
        except Exception:
            self._fail(lanes)
            if len(lanes) == 1:
                raise
            await self._scan_each(lanes)
        else:
            self._found(lanes, found)

    async def _scan_each(self, lanes: Sequence[Lane]) -> None:
        failure: Exception | None = None
        for lane in lanes:
            try:
                await self.scan([lane])
            except Exception as error:
                failure = error
        if failure:
            raise failure

    def _fail(self, lanes: Sequence[Lane]) -> None:
        for lane in lanes:
            lane.scan_failed()
            self._failed(lane)
