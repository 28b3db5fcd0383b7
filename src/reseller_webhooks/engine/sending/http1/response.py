"""Parses responses within limits of size, pieces and headers."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from reseller_webhooks.core.deliveries.attempts import RESPONSE_BYTES_READ
from reseller_webhooks.core.messages.attempts import (
    ANSWER_HEADERS_TOO_LARGE,
    ANSWER_IN_TOO_MANY_PIECES,
    ANSWER_NOT_HTTP,
)
from reseller_webhooks.engine.sending.http1.errors import ProtocolError

ANSWER_BYTES_MAX = 64 * 1024
"""Limit of heads, body and framing together; four times what is kept of a body. Most servers limit
a head to 8 KiB."""
PIECES_MAX = 256
"""Reads per response: a receiver that sends single bytes costs a turn of the loop for each."""
INTERIM_MAX = 16
"""Interim (1xx) responses before the final one; an endless series would use up the CPU."""
HEADERS_MAX = 64
"""Headers to keep; the log shows the first allowed ones."""
OK = 200
_FINAL_STATUS = re.compile(rb"(?:^|\n)HTTP/1\.[01] ([2-5][0-9]{2})[ \r\n]")
SWITCHING_PROTOCOLS = 101
"""The only final 1xx: the bytes after it are not HTTP."""


class Response(NamedTuple):
    """A response. retry_after: the raw header. body: its start. headers: the first raw headers.

    odd: why it is not valid HTTP, if only its status line is.
    """

    status: int
    retry_after: bytes
    body: bytes
    headers: Sequence[tuple[bytes, bytes]] = ()
    odd: str = ""


class _Surplus(Exception):
    """The receiver sent more than one response."""


class ResponseParser:
    """Parses the responses of one connection, one per request. on_...: callbacks of the parser.

    complete: the response has ended. keep_alive: the connection can be reused.
    """

    def __init__(self) -> None:
        self._parser = HttpResponseParser(self)
        self.begin()

    def begin(self) -> None:
        """Reset for the next request."""
        self.complete = self.keep_alive = False
        self._left = ANSWER_BYTES_MAX
        self._pieces = 0
        self._messages = self._status = 0
        self._retry_after = self._body = self._head = b""
        self._odd = ""
        self._headers: list[tuple[bytes, bytes]] = []

    def feed(self, data: bytes) -> None:
        """Parse bytes in any portions. Raises ProtocolError if they are not a response."""
        self._pieces += 1
        if self._pieces > PIECES_MAX:
            raise ProtocolError(ANSWER_IN_TOO_MANY_PIECES, count=PIECES_MAX)
        known = self._status
        if not known:
            self._head += data[: self._left]
        try:
            self._parser.feed_data(data[: self._left])
        except HttpParserUpgrade:
            self.keep_alive = False
        except HttpParserError as error:
            self._parse_failed(error, known)
        self._left -= len(data)
        if self._left <= 0 and not self.complete:
            raise ProtocolError(ANSWER_HEADERS_TOO_LARGE, size=ANSWER_BYTES_MAX // 1024)

    def response(self) -> Response | None:
        """The response so far; None before the end of its head."""
        if not self._status:
            return None
        return Response(self._status, self._retry_after, self._body, self._headers, self._odd)

    @property
    def silent(self) -> bool:
        """True if no byte has arrived yet."""
        return self._left == ANSWER_BYTES_MAX

    def close(self) -> None:
        """Break the reference cycle with the parser."""
        del self._parser

    def _parse_failed(self, error: HttpParserError, known: int) -> None:
        self.keep_alive = False
        if self.complete:
            return
        is_head = not known and not isinstance(error.__context__, _Surplus)
        status = _FINAL_STATUS.search(self._head) if is_head else None
        if status is None:
            self._status = known
            raise ProtocolError(ANSWER_NOT_HTTP, why=_words(error)) from None
        # The receiver has decided. Its framing is not to be trusted, so the connection ends here.
        self._status, self._odd, self.complete = int(status[1]), _words(error), True

    def on_message_begin(self) -> None:
        """The first byte of a response, including interim ones."""
        self._messages += 1
        if self.complete or self._messages > INTERIM_MAX + 1:
            raise _Surplus("more answers than requests")

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header or a trailer."""
        if self._status:
            return
        if name.lower() == b"retry-after":
            self._retry_after = value
        if len(self._headers) < HEADERS_MAX:
            self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """The end of a head."""
        status = self._parser.get_status_code()
        if status >= OK or status == SWITCHING_PROTOCOLS:
            self._status = status
        else:
            self._retry_after = b""
            self._headers = []

    def on_body(self, part: bytes) -> None:
        """Bytes of the body without framing."""
        body = self._body + part
        self._body = body[:RESPONSE_BYTES_READ]
        self.complete = len(body) > RESPONSE_BYTES_READ

    def on_message_complete(self) -> None:
        """The end of the response."""
        self.complete = self._status > 0
        self.keep_alive = self._status >= OK and self._parser.should_keep_alive()


def _words(error: HttpParserError) -> str:
    """The parser's own words, which quote nothing of what came."""
    said = str(error.__context__ if isinstance(error.__context__, _Surplus) else error)
    return said[:1].lower() + said[1:]
