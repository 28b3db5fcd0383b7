"""Logs webhooks whose secrets became unreadable or readable again, once for each change."""

import structlog

from reseller_webhooks.core.webhooks.webhook import Webhook

NAMED = 5
"""Webhooks to name in one line; a missing key affects all of them."""

log = structlog.get_logger()


class SecretChanges:
    """Changes among webhooks that were read together."""

    def __init__(self) -> None:
        self._unreadable: list[str] = []
        self._readable: list[str] = []

    def add(self, before: Webhook | None, now: Webhook | None) -> None:
        """Compare a webhook with its state before; None if it did not exist."""
        was_unreadable = bool(before and before.unreadable)
        is_unreadable = bool(now and now.unreadable)
        if now and is_unreadable and not was_unreadable:
            self._unreadable.append(now.uuid)
        if now and was_unreadable and not is_unreadable:
            self._readable.append(now.uuid)

    def report(self) -> None:
        """Log one line for each kind of change."""
        if self._unreadable:
            log.warning(
                "secrets of webhooks do not open, so nothing is sent for these webhooks",
                count=len(self._unreadable),
                webhooks=self._unreadable[:NAMED],
                remedy="put the key back into RESELLER_WEBHOOKS_SECRET_KEYS and restart, or have "
                "the secrets entered again; reseller-webhooks check names them all",
            )
        if self._readable:
            log.info(
                "secrets of webhooks open again",
                count=len(self._readable),
                webhooks=self._readable[:NAMED],
            )
