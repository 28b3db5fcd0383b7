"""One connection: uvicorn's httptools protocol, with bounds on heads, pipelines and silence.

httptools keeps whatever comes, and joins the parts of a header field anew for each read: an endless
field takes memory without end and time as its square. So data is fed to it in small slices, and
whoever goes beyond a limit is refused before the next slice.
"""

from asyncio import Protocol, Transport
from typing import Any, cast

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from reseller_ingress.connections import Ingress
from reseller_ingress.flow import HeldFlow
from reseller_ingress.framing import ambiguity
from reseller_ingress.refusals import REFUSALS, RefusalReason
from reseller_ingress.timer import Timer
from reseller_ingress.upgrades import head_without_upgrade

SLICE_BYTES = 2048
"""A slice holds 128 requests at most, so no more than those of a connection are parsed and wait."""
LINGER_S = 1.0
"""A refused caller may still be sending; a connection closed at once could lose the answer."""


class BoundedProtocol(HttpToolsProtocol):
    """Made by `protocol_class`. ingress: shared with the server's other connections."""

    ingress: Ingress
    flow: HeldFlow

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._reason: RefusalReason | None = None
        self._is_refused = False
        self._held = b""
        self._in_head, self._in_message, self._is_silent = True, False, True
        self._size = self._fields = self._silent_bytes = 0
        self._running: RequestResponseCycle | None = None
        self._head_timer, self._rest_timer = Timer(self.loop), Timer(self.loop)
        self._end_timer = Timer(self.loop)

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """A caller connected."""
        super().connection_made(transport)
        self.flow = HeldFlow(transport)
        peer = self.client[0] if self.client else ""
        if reason := self.ingress.admit(self, peer):
            self._reason = reason
            self._answer_refusal()
            transport.close()
        else:
            self._be_idle()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self.ingress.forget(self)
        self._unset_keepalive_if_required()
        for timer in (self._head_timer, self._rest_timer, self._end_timer):
            timer.stop()
        self._held = b""
        self.pipeline.clear()
        self._disconnect_running()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse it, as far as its turn has come."""
        if self._reason:
            return  # what a refused caller still sends
        self._unset_keepalive_if_required()
        self.ingress.busy(self)
        if self.flow.is_held:
            self._held += data
        else:
            self._take(data)

    def on_message_begin(self) -> None:
        """A request line begins."""
        super().on_message_begin()
        self._in_message, self._is_silent = True, False
        self._size = self._fields = self._silent_bytes = 0

    def on_url(self, url: bytes) -> None:
        """A part of the request line."""
        self._grow(len(url), RefusalReason.REQUEST_LINE)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A whole header field; or one of a trailer, which the application does not see."""
        self._fields += 1
        if self._fields > self.ingress.limits.header_fields:
            self._stop_parsing(RefusalReason.HEADER_FIELDS)
        self._grow(len(name) + len(value) + len(b": \r\n"), RefusalReason.HEADERS)
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """A request's head is whole."""
        if self.parser.should_upgrade():
            return  # it comes again without the wish
        version = self.parser.get_http_version()
        if reason := ambiguity(self.url, self.headers, version):
            self._stop_parsing(reason)
        self._in_head = False
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A part of a request's body."""
        self._silent_bytes, self._is_silent = 0, False
        super().on_body(body)

    def on_message_complete(self) -> None:
        """A request is whole."""
        if self.parser.should_upgrade():
            return
        self._in_head, self._in_message = True, False
        self._silent_bytes, self._is_silent = 0, False
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """A request is answered."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            self._end_in_time()
        elif self.pipeline:
            self.ingress.wait_for_turn(self)
        elif self._reason:
            self._end_refused()
        else:
            self._take_held()
            if not self._is_answering() and not self._reason:
                self._be_idle()

    def start_next(self) -> None:
        """Start the next pipelined request."""
        if not self.pipeline or self.transport.is_closing():
            return
        cycle, app = self.pipeline.pop()
        self._start_asgi_task(cycle, app)
        if not self.pipeline and not self._reason:
            self._take_held()  # its body may be there

    def discard_next(self) -> None:
        """Read on in a body that was answered already."""
        if not self.transport.is_closing():
            self._take_held()

    def pause_writing(self) -> None:
        """The caller does not read its answers."""
        super().pause_writing()
        self._end_in_time()

    def resume_writing(self) -> None:
        """It does."""
        super().resume_writing()
        if not self.transport.is_closing():
            self._end_timer.stop()

    def end(self) -> None:
        """Close the connection; unsent bytes are lost soon after."""
        self.transport.close()
        self._end_in_time()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def _take_held(self) -> None:
        held, self._held = self._held, b""
        self.flow.release()
        if held:
            self._take(held)

    def _take(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest and not self._reason and not self.pipeline:
            self._feed(rest[:SLICE_BYTES])
            rest = rest[SLICE_BYTES:]
        if self.pipeline:
            self._held = bytes(rest)
            self.flow.hold()
        self._watch_head()
        if not self._is_answering() and not self._reason:
            self._be_idle()

    def _feed(self, data: memoryview) -> None:
        self._is_silent = True
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as wish:
            self._ignore_upgrade(data[wish.args[0] :])
        except httptools.HttpParserError:
            self._refuse(self._reason or RefusalReason.INVALID)
        else:
            if self._is_silent:
                self._silent_bytes += len(data)
            if self._silent_bytes > self.ingress.limits.header_bytes:
                self._refuse(RefusalReason.HEADERS)

    def _ignore_upgrade(self, rest: memoryview) -> None:
        """Take the request as if it had not asked for another protocol (RFC 9110, 7.8)."""
        method = self.parser.get_method()
        if method == b"CONNECT":
            self._refuse(RefusalReason.INVALID)
            return
        head = head_without_upgrade(method, self.url, self.parser.get_http_version(), self.headers)
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn has it
        self._feed(memoryview(head))
        if rest and not self._reason:
            self._feed(rest)

    def _grow(self, number: int, reason: RefusalReason) -> None:
        self._size += number
        if self._size > self.ingress.limits.header_bytes:
            self._stop_parsing(reason)

    def _stop_parsing(self, reason: RefusalReason) -> None:
        self._reason = reason
        raise ValueError(reason)

    def _refuse(self, reason: RefusalReason) -> None:
        """Answer once those before it are answered."""
        self._reason = reason
        self.flow.hold()
        is_body_wrong = not self._in_head
        if is_body_wrong and self.pipeline:
            self.pipeline.popleft()  # it is the newest
        elif is_body_wrong and self._is_answering():
            self._disconnect_running()
        if not self._is_answering():
            self._end_refused()

    def _disconnect_running(self) -> None:
        """Tell the running application that the client is gone."""
        if self._running and not self._running.response_complete:
            self._running.disconnected = True
            self._running.message_event.set()

    def _end_refused(self) -> None:
        if self._running and self._running.response_started and self._running.disconnected:
            self.end()  # in the midst of an answer there is no place for another
            return
        self._answer_refusal()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.flow.release()  # to be thrown away
        self._rest_timer.stop()
        self._rest_timer.start(LINGER_S, self.end)

    def _answer_refusal(self) -> None:
        if self._is_refused or not self._reason or self.transport.is_closing():
            return
        self._is_refused = True
        self.ingress.refused(self._reason, self.client[0] if self.client else "")
        self.transport.write(REFUSALS[self._reason].response(self.ingress.limits))

    def _is_answering(self) -> bool:
        running = self._running
        return running is not None and not (running.response_complete or running.disconnected)

    def _be_idle(self) -> None:
        """Nothing is under way: wait for a request, or for the rest of one that is answered."""
        self._unset_keepalive_if_required()
        limits = self.ingress.limits
        if self._in_message and not self._in_head:
            self._rest_timer.start(limits.headers_within_s, self.end)
            if not self.flow.is_held:  # it must not take the time of others
                self.flow.hold()
                self.ingress.wait_to_discard(self)
            return
        self._rest_timer.stop()
        if not self._head_timer.is_running:
            self.ingress.idle(self)
            self.timeout_keep_alive_task = self.loop.call_later(limits.keep_alive_s, self.end)

    def _watch_head(self) -> None:
        """The time for a head runs from its first byte."""
        is_unfinished = self._in_head and (self._in_message or self._is_silent)
        if is_unfinished and not self._reason:
            self._head_timer.start(self.ingress.limits.headers_within_s, self._head_is_late)
        else:
            self._head_timer.stop()

    def _head_is_late(self) -> None:
        if self.flow.is_held:  # by us: the rest of it may have come
            self._watch_head()
        else:
            self._refuse(RefusalReason.HEADERS_LATE)

    def _end_in_time(self) -> None:
        self._end_timer.start(self.ingress.limits.read_within_s, self.transport.abort)


def protocol_class(ingress: Ingress) -> type[Protocol]:
    """For `uvicorn.Config(http=...)`; uvicorn makes one for each connection."""
    made = type("BoundedProtocol", (BoundedProtocol,), {"ingress": ingress})
    return cast("type[Protocol]", made)
