"""Errors between a request and its response; engine/sending/failures.py describes them."""


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
    """What came is no answer. The text goes after "the answer", and quotes nothing of it."""
