"""Resellers whose messages wait until their pending fan-outs leave room."""

from collections.abc import Set

from reseller_webhooks.clock import monotonic_s
from reseller_webhooks.core.errors import FanOutFull

PAUSE_MAX_S = 5.0


class WaitingResellers:
    """Messages of these resellers are not tried again before a pause has passed."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}
        self._error: FanOutFull | None = None

    def resellers(self) -> set[str]:
        """The resellers whose messages wait now."""
        now_s = monotonic_s()
        self._until = {one: until for one, until in self._until.items() if until > now_s}
        return set(self._until)

    def add(self, resellers: Set[str], error: FanOutFull) -> None:
        """Let the messages of these resellers wait after a message was refused with an error."""
        until = monotonic_s() + min(error.retry_after_s, PAUSE_MAX_S)
        self._until |= dict.fromkeys(resellers, until)
        self._error = error

    def raise_error(self) -> None:
        """Raise the last error, if any reseller's messages wait."""
        if self._until and self._error:
            raise self._error
