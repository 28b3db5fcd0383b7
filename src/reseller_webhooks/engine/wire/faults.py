"""What can go wrong between a request and its answer; `engine/failures.py` puts it into words."""


class Unreached(OSError):
    """No address of the host took the connection. Its cause says why the last one did not."""


class HungUp(OSError):
    """The receiver took the connection and closed it while TLS began."""


class Lost(OSError):
    """The connection ended before the answer. Its cause is what TLS complained of, if it did.

    silent: not a byte of an answer had come.
    """

    def __init__(self, *, silent: bool) -> None:
        super().__init__("the connection has ended")
        self.silent = silent


class NoAnswer(Exception):
    """The deadline has passed, and the request was out."""


class Garbled(Exception):
    """What came is no answer. The text goes after "the answer", and quotes nothing of it."""
