"""Sends alerts: writes those that are due into the outbox, and sends what is in it."""

import asyncio
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Protocol

import structlog

from reseller_webhooks.clock import monotonic_s
from reseller_webhooks.core.alerts import Email
from reseller_webhooks.core.errors import Unavailable
from reseller_webhooks.core.health.conditions import Condition, ConditionCode, Severity
from reseller_webhooks.mail.messages import AlertMessages
from reseller_webhooks.mail.smtp import NotSent
from reseller_webhooks.observability.emails import emails_total
from reseller_webhooks.observability.outages import log_refusal
from reseller_webhooks.operations import alerts
from reseller_webhooks.store.db.database import Database

POLL_S = 5.0
REPORTED_AFTER_S = 600.0
"""A mail server that refuses for so long is a condition of the process."""

log = structlog.get_logger()


class MailServer(Protocol):
    """Sends e-mails."""

    def send(self, message: EmailMessage) -> None:
        """Send one; NotSent if that failed. Waits for the server."""


class Mailer:
    """Sends e-mails in this process. server: None to write alerts to the log instead."""

    def __init__(
        self, database: Database, messages: AlertMessages, server: MailServer | None
    ) -> None:
        self._database, self._messages, self._server = database, messages, server
        self._failing_since_s: float | None = None
        self._error = ""

    async def run(self) -> None:
        """Send what is due, forever."""
        while True:
            try:
                await self.send_due()
            except Unavailable as error:
                log_refusal("e-mails were put off", error)
            await asyncio.sleep(POLL_S)

    async def send_due(self) -> None:
        """Write the alerts that are due, and send every e-mail that is."""
        if await asyncio.to_thread(alerts.is_due, self._database):
            await asyncio.to_thread(alerts.write_due, self._database)
        while claimed := await asyncio.to_thread(alerts.claim, self._database):
            for email in claimed:
                await asyncio.to_thread(self._send, email)

    def conditions(self) -> Iterator[Condition]:
        """A condition if the mail server has refused everything for some time."""
        if self._failing_since_s is None:
            return
        failing_s = monotonic_s() - self._failing_since_s
        if failing_s >= REPORTED_AFTER_S:
            params: dict[str, str | int] = {"minutes": round(failing_s / 60), "error": self._error}
            yield Condition(ConditionCode.EMAIL_REFUSED, Severity.DEGRADED, params)

    def _send(self, email: Email) -> None:
        message = self._messages.write(email)
        if self._server is None:
            self._log(message)
        else:
            try:
                self._server.send(message)
            except NotSent as error:
                self._note_failure(email, error)
                return
            self._failing_since_s = None
            emails_total.labels("sent").inc()
        alerts.note_sent(self._database, email)

    def _log(self, message: EmailMessage) -> None:
        emails_total.labels("logged").inc()
        log.warning("alert", to=message["To"], subject=message["Subject"])

    def _note_failure(self, email: Email, error: NotSent) -> None:
        if not error.is_final:  # the server works, and refuses this one
            self._failing_since_s = self._failing_since_s or monotonic_s()
            self._error = str(error)
        is_retried = alerts.note_failure(self._database, email, str(error), is_final=error.is_final)
        emails_total.labels("retried" if is_retried else "given_up").inc()
        log.warning(
            "an e-mail was not sent", email=email.uuid, reason=str(error), is_retried=is_retried
        )
