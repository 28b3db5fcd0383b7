"""Hands e-mails to a mail server (RFC 6409)."""

import smtplib
from collections.abc import Callable
from email.message import EmailMessage
from ipaddress import ip_address
from ssl import SSLContext

from reseller_webhooks.core.smtp_url import SmtpUrl

TIMEOUT_S = 20.0
PERMANENT = 500
"""Replies from here on say that a repetition would not help (RFC 5321, 4.2.1)."""


class NotSent(Exception):
    """The mail server did not accept an e-mail. is_final: whether it never will."""

    def __init__(self, reason: str, *, is_final: bool = False) -> None:
        self.is_final = is_final
        super().__init__(reason)


class SmtpServer:
    """A mail server. tls: what is trusted now."""

    def __init__(self, url: SmtpUrl, tls: Callable[[], SSLContext]) -> None:
        self._url, self._tls = url, tls

    def send(self, message: EmailMessage) -> None:
        """Hand over one e-mail; NotSent if it was not accepted. Waits for the server."""
        try:
            with self._connect() as connection:
                connection.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            code, text = next(iter(error.recipients.values()))
            raise NotSent(_reply(code, text), is_final=code >= PERMANENT) from None
        except smtplib.SMTPResponseException as error:
            is_data = isinstance(error, smtplib.SMTPDataError)  # a content that is refused
            is_final = is_data and error.smtp_code >= PERMANENT
            raise NotSent(_reply(error.smtp_code, error.smtp_error), is_final=is_final) from None
        except smtplib.SMTPException as error:
            raise NotSent(f"{error}") from None
        except OSError as error:
            raise NotSent((error.strerror or f"{error}").lower()) from None

    def _connect(self) -> smtplib.SMTP:
        url = self._url
        if url.is_tls:
            connection: smtplib.SMTP = smtplib.SMTP_SSL(
                url.host, url.port, timeout=TIMEOUT_S, context=self._tls()
            )
        else:
            connection = smtplib.SMTP(url.host, url.port, timeout=TIMEOUT_S)
        try:
            self._authenticate(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _authenticate(self, connection: smtplib.SMTP) -> None:
        connection.ehlo()
        is_secure = self._url.is_tls
        if not is_secure and connection.has_extn("starttls"):
            connection.starttls(context=self._tls())
            connection.ehlo()
            is_secure = True
        if not self._url.user:
            return
        if not is_secure and not _is_loopback(self._url.host):
            raise NotSent("the mail server offers no STARTTLS, so the password was not sent")
        connection.login(self._url.user, self._url.password)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _reply(code: int, text: bytes | str) -> str:
    words = text.decode(errors="replace") if isinstance(text, bytes) else text
    return f"the mail server answered {code} {' '.join(words.split())[:200]}".strip()
