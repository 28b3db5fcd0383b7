"""Per-reseller limit on concurrent long-running requests."""

from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from reseller_webhooks.core.errors import Unavailable
from reseller_webhooks.core.messages import MessageCode


class ConcurrencyLimit:
    """Limits the requests of one kind that each reseller has under way. For one event loop.

    most: requests at once.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._under_way: Counter[int] = Counter()

    def hold(self, reseller_id: int, refusal: MessageCode) -> AbstractContextManager[None]:
        """Count a request while the context is open. Unavailable, at once, if none may begin.

        refusal: the code of that error; it names the limit as `count`.
        """
        if self._under_way[reseller_id] >= self.most:
            raise Unavailable(refusal(count=self.most))
        return self._counting(reseller_id)

    @contextmanager
    def _counting(self, reseller_id: int) -> Iterator[None]:
        self._under_way[reseller_id] += 1
        try:
            yield
        finally:
            self._under_way[reseller_id] -= 1
            if not self._under_way[reseller_id]:
                del self._under_way[reseller_id]
