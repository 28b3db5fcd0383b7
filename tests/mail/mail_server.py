"""A real mail server (aiosmtpd) on loopback, which keeps what it accepts."""

import ssl
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from threading import Event
from typing import Any, Self, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword

from testkit.ports import free_port

LOOPBACK = "127.0.0.1"


class MailServer:
    """Accepts e-mails until it is told to answer otherwise.

    reply: the answer to the recipient, instead of acceptance. tls: offers STARTTLS with it.
    login: user and password that it demands.
    """

    def __init__(
        self, *, tls: ssl.SSLContext | None = None, login: tuple[str, str] | None = None
    ) -> None:
        self.accepted: list[EmailMessage] = []
        self.reply = ""
        self.arrived = Event()
        self._login = login
        self.port = free_port()
        self._controller = Controller(
            self,
            LOOPBACK,
            self.port,
            tls_context=tls,
            require_starttls=tls is not None,
            authenticator=self._authenticate if login else None,
            auth_required=login is not None,
            auth_require_tls=tls is not None,
        )

    @property
    def url(self) -> str:
        user = "{}:{}@".format(*self._login) if self._login else ""
        return f"smtp://{user}{LOOPBACK}:{self.port}"

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    async def handle_RCPT(self, *given: Any) -> str:  # noqa: N802 - as aiosmtpd calls it
        _, _, envelope, address, _ = given
        if self.reply:
            return self.reply
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, *given: Any) -> str:  # noqa: N802
        envelope: Envelope = given[2]
        content = cast("bytes", envelope.content)
        message = BytesParser(policy=default).parsebytes(content)
        self.accepted.append(cast("EmailMessage", message))
        self.arrived.set()
        return "250 OK"

    def _authenticate(self, *given: Any) -> AuthResult:
        shown: LoginPassword = given[4]
        wanted = self._login and tuple(part.encode() for part in self._login)
        is_right = (shown.login, shown.password) == wanted
        return AuthResult(success=is_right, handled=False)
