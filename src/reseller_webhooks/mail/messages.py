"""Writes an alert as an e-mail, in the language of its recipient."""

from collections.abc import Iterator
from email.message import EmailMessage
from email.utils import format_datetime, formataddr, parseaddr

from reseller_webhooks.core.alerts import Alert, AlertedWebhook, AlertKind, Email
from reseller_webhooks.core.enums import Resource
from reseller_webhooks.crypto import Box
from reseller_webhooks.http.pages import language, messages, paths, rendering
from reseller_webhooks.http.pages.language import _, ngettext
from reseller_webhooks.operations.alert_links import stop_token
from reseller_webhooks.settings import Settings


class AlertMessages:
    """Writes the e-mails of one installation."""

    def __init__(self, settings: Settings, box: Box) -> None:
        self._settings, self._box = settings, box

    def write(self, email: Email) -> EmailMessage:
        """The e-mail as a mail server takes it. The same Message-ID at each attempt."""
        alert = email.alert
        language.use(alert.language)
        message = EmailMessage()
        message["From"] = self._sender()
        message["To"] = alert.recipient
        message["Subject"] = _subject(alert, self._settings.platform_name)
        message["Date"] = format_datetime(rendering.moment(email.created_at))
        message["Message-ID"] = f"<{email.uuid}@{self._domain()}>"
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834
        stop = self._url(paths.stop_alerts(stop_token(self._box, alert.membership)))
        message["List-Unsubscribe"] = f"<{stop}>"  # RFC 2369
        message.set_content("\n".join(self._lines(alert, stop)))
        return message

    def _sender(self) -> str:
        name, address = parseaddr(self._settings.mail_from)
        return formataddr((name or self._settings.platform_name, address))

    def _domain(self) -> str:
        return parseaddr(self._settings.mail_from)[1].rpartition("@")[2] or "localhost"

    def _url(self, path: str) -> str:
        return self._settings.public_url + path

    def _lines(self, alert: Alert, stop: str) -> Iterator[str]:
        yield _opening(alert) % {"reseller": alert.reseller}
        yield ""
        for webhook in alert.webhooks:
            yield from _describe(alert.kind, webhook)
            yield f"  {self._url(paths.webhook(webhook.uuid))}"
            yield ""
        if more := alert.count - len(alert.webhooks):
            yield ngettext("And %(count)s more.", "And %(count)s more.", more) % {"count": more}
            yield ""
        yield from _advice(alert.kind)
        yield ""
        yield _("You get this e-mail because you manage webhooks of %(reseller)s.") % {
            "reseller": alert.reseller
        }
        yield _("Change when you are told: %(url)s") % {"url": self._url(paths.ACCOUNT)}
        yield _("Stop these e-mails: %(url)s") % {"url": stop}


def _subject(alert: Alert, platform: str) -> str:
    if alert.kind is AlertKind.FAILING:
        text = ngettext("A webhook is failing", "%(count)s webhooks are failing", alert.count)
    else:
        text = ngettext("A webhook works again", "%(count)s webhooks work again", alert.count)
    return f"[{platform}] {text % {'count': alert.count}}"


def _opening(alert: Alert) -> str:
    if alert.kind is AlertKind.FAILING:
        return ngettext(
            "The receiver of this webhook of %(reseller)s does not accept notifications:",
            "The receivers of these webhooks of %(reseller)s do not accept notifications:",
            alert.count,
        )
    return ngettext(
        "The receiver of this webhook of %(reseller)s accepts notifications again:",
        "The receivers of these webhooks of %(reseller)s accept notifications again:",
        alert.count,
    )


def _describe(kind: AlertKind, webhook: AlertedWebhook) -> Iterator[str]:
    yield f"- {webhook.url} ({_(Resource(webhook.resource).label)})"
    since = rendering.utc(webhook.since)
    if kind is AlertKind.RECOVERED:
        yield "  " + _("It failed from %(time)s on.") % {"time": since}
        return
    cause = messages.cause(webhook.reason)
    if cause:
        yield f"  {language.as_sentence(cause)}"
    yield "  " + _("It has failed since %(time)s.") % {"time": since}


def _advice(kind: AlertKind) -> Iterator[str]:
    if kind is AlertKind.FAILING:
        yield _(
            "Nothing is lost: notifications wait, and are sent again by themselves once the "
            "receiver works. The page of the webhook shows what it answered and what to do."
        )
    else:
        yield _("Notifications that waited are being sent. You have nothing to do.")
