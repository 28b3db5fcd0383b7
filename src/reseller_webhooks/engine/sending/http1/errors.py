"""Errors between a request and its response; engine/sending/failures.py describes them."""

from reseller_webhooks.core.messages import MessageCode, Param


class ConnectFailed(OSError):
    """No address of the host took the connection. Its cause says why the last one did not."""


class TlsClosed(OSError):
    """The receiver took the connection and closed it while TLS began."""


class ConnectionLost(OSError):
    """The connection ended before the answer. Its cause is what TLS complained of, if it did.

    silent: not a byte of an answer had come.
    """

    def __init__(self, *, silent: bool) -> None:
        super().__init__("the connection has ended")
        self.silent = silent


class ResponseTimeout(Exception):
    """The deadline has passed, and the request was out."""


class ProtocolError(Exception):
    """What came is no answer. code: says why, with the host; it quotes nothing of what came."""

    def __init__(self, code: MessageCode, **params: Param) -> None:
        self.code, self.params = code, params
        super().__init__(code.name, params)
