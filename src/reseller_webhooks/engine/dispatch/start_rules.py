"""The decision whether a queue may start its next delivery: every limit, in one place."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from reseller_webhooks.clock import Micros
from reseller_webhooks.engine.dispatch.admission import Admission
from reseller_webhooks.engine.dispatch.held_back import HeldBack
from reseller_webhooks.engine.dispatch.webhook_queue import WebhookQueue
from reseller_webhooks.engine.ownership.egress_health import EgressHealth
from reseller_webhooks.engine.ports import Ownership
from reseller_webhooks.engine.result_writer import ResultWriter


class StartRules:
    """Limits of the engine, of the webhook and of the slots. at: the event loop's time.

    now: the wall clock. Only an open circuit is compared with it, so it is read only then.
    """

    def __init__(
        self,
        result_writer: ResultWriter,
        owner: Ownership,
        egress: EgressHealth,
        admission: Admission,
        now: Callable[[], Micros],
    ) -> None:
        self.stopping = False
        self._result_writer = result_writer
        self._owner = owner
        self._egress = egress
        self._admission = admission
        self._now = now

    def held_back_by(self, queue: WebhookQueue, at: float) -> HeldBack | None:
        """The reason why the queue may not start its next delivery; None if it may."""
        return self.held_back_beside_slots(queue, at) or self._admission.held_back_by(queue, at)

    def held_back_beside_slots(self, queue: WebhookQueue, at: float) -> HeldBack | None:
        """As `held_back_by`, for a queue that has a slot already."""
        if self.stopping:
            return HeldBack.STOPPING
        if self._result_writer.is_full:
            return HeldBack.RESULTS
        if not self._owner.in_time():
            return HeldBack.OWNERSHIP
        if not self._egress.may_start(queue.webhook.reseller_id, at):
            return HeldBack.EGRESS
        return queue.held_back_by(self._now() if queue.circuit.waits else 0, at)

    def count(self, queues: Iterable[WebhookQueue], at: float) -> Mapping[str, int]:
        """The number of queues with ready deliveries that each reason holds back."""
        counts = Counter(self.held_back_by(queue, at) for queue in queues if queue.has_ready)
        return {reason: counts[reason] for reason in HeldBack}
