"""What a receiver answers. Owns its framing, its limits, and what counts as an answer."""

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
"""Heads, body and framing together; four times what is kept of a body. Most servers cannot even
send a head of more than 8 KiB."""
PIECES_MAX = 256
"""Reads of one answer. A receiver that sends byte by byte costs us a turn of the loop for each."""
INTERIM_MAX = 16
"""1xx answers before the real one. Nobody needs more than a few; without end they burn our CPU."""
HEADERS_MAX = 64
"""Of which the log keeps the first that may be shown."""
OK = 200
SWITCHING_PROTOCOLS = 101
"""The one 1xx that is final: what follows it is not HTTP."""


class Response(NamedTuple):
    """What a receiver said. retry_after: the header as it came. body: its start.

    headers: the first of them as they came.
    """

    status: int
    retry_after: bytes
    body: bytes
    headers: Sequence[tuple[bytes, bytes]] = ()


class _Surplus(Exception):
    """The receiver says more than one answer."""


class ResponseParser:
    """Hears the answers of one connection, one to each request. The on_... are for its parser.

    complete: nothing more is to be heard. keeps: and the connection is good for another request.
    """

    def __init__(self) -> None:
        self._parser = HttpResponseParser(self)
        self.begin()

    def begin(self) -> None:
        """A request goes out."""
        self.complete = self.keep_alive = False
        self._left = ANSWER_BYTES_MAX
        self._pieces = 0
        self._messages = self._status = 0
        self._retry_after = self._body = b""
        self._headers: list[tuple[bytes, bytes]] = []

    def feed(self, data: bytes) -> None:
        """Bytes in any portions, but not too many. Garbled when they are no answer."""
        self._pieces += 1
        if self._pieces > PIECES_MAX:
            raise ProtocolError(ANSWER_IN_TOO_MANY_PIECES, count=PIECES_MAX)
        known = self._status
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
        """The answer, as far as it is here: None before the end of its head."""
        if not self._status:
            return None
        return Response(self._status, self._retry_after, self._body, self._headers)

    @property
    def silent(self) -> bool:
        """Whether not a byte has come yet."""
        return self._left == ANSWER_BYTES_MAX

    def close(self) -> None:
        """Let go of the parser, which holds this as this holds it."""
        del self._parser

    def _parse_failed(self, error: HttpParserError, known: int) -> None:
        self.keep_alive = False
        if not self.complete:
            self._status = known  # a head that garbage comes with is garbage too
            raise ProtocolError(ANSWER_NOT_HTTP, why=_words(error)) from None

    def on_message_begin(self) -> None:
        """The first byte of an answer, also of an interim one."""
        self._messages += 1
        if self.complete or self._messages > INTERIM_MAX + 1:
            raise _Surplus("more answers than requests")

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or a trailer."""
        if self._status:
            return
        if name.lower() == b"retry-after":
            self._retry_after = value
        if len(self._headers) < HEADERS_MAX:
            self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """The empty line after a head."""
        status = self._parser.get_status_code()
        if status >= OK or status == SWITCHING_PROTOCOLS:
            self._status = status
        else:
            self._retry_after = b""
            self._headers = []

    def on_body(self, part: bytes) -> None:
        """Some of the body, without its framing."""
        body = self._body + part
        self._body = body[:RESPONSE_BYTES_READ]
        self.complete = len(body) > RESPONSE_BYTES_READ

    def on_message_complete(self) -> None:
        """The end that the framing gives."""
        self.complete = self._status > 0
        self.keep_alive = self._status >= OK and self._parser.should_keep_alive()


def _words(error: HttpParserError) -> str:
    """The parser's own words, which quote nothing of what came."""
    said = str(error.__context__ if isinstance(error.__context__, _Surplus) else error)
    return said[:1].lower() + said[1:]
