"""Errors between a request and its response; engine/sending/failures.py describes them."""

from reseller_webhooks.core.messages import MessageCode, Param


class ConnectFailed(OSError):
    """No address of the host accepted the connection. The cause is the last address's error."""


class TlsClosed(OSError):
    """The receiver closed the connection during the TLS handshake."""


class ConnectionLost(OSError):
    """The connection ended before the response. The cause is the TLS error, if any.

    silent: no byte of a response had arrived.
    """

    def __init__(self, *, silent: bool) -> None:
        super().__init__("the connection has ended")
        self.silent = silent


class ResponseTimeout(Exception):
    """The deadline passed after the request was sent."""


class ProtocolError(Exception):
    """The bytes are not a response. code: the reason, with the host; it quotes no received
    bytes."""

    def __init__(self, code: MessageCode, **params: Param) -> None:
        self.code, self.params = code, params
        super().__init__(code.name, params)
