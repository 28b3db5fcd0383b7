"""Connections that stay open between requests; urllib's own handlers close theirs after each."""

import http.client
import io
import ssl
import time
import urllib.request
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from urllib.response import addinfourl

REUSE_WITHIN_S = 4.0
"""Servers and firewalls drop connections that are idle for longer, some without a word."""
CLOSED = (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError)
"""Exceptions of a request on a connection that the server has closed."""


@dataclass(frozen=True, slots=True)
class Idle:
    """A connection without a request. peer: scheme, host that it goes to, and host meant."""

    peer: tuple[str, str, str]
    connection: http.client.HTTPConnection
    since_s: float


class KeepAlive(urllib.request.HTTPSHandler, urllib.request.HTTPHandler):
    """Opens requests that may be repeated, as GET, and reads each answer whole.

    Proxies, redirects and statuses are left to urllib. Threads never share a connection.
    """

    def __init__(self, tls: ssl.SSLContext) -> None:
        super().__init__(context=tls)
        self._idle: list[Idle] = []

    def do_open(self, http_class: Any, req: urllib.request.Request, **options: Any) -> Any:
        """Send a request on an idle connection, or a new one if there is none or it is closed."""
        peer = (req.type, req.host, urlsplit(req.full_url).netloc)
        kept = self._take(peer)
        if kept is not None:
            try:
                return self._send(peer, kept, req)
            except CLOSED:
                pass
        new = http_class(req.host, timeout=req.timeout, **options)
        if req.type == "https" and peer[1] != peer[2]:
            new.set_tunnel(peer[2], headers=_proxy_credentials(req))
        return self._send(peer, new, req)

    def close(self) -> None:
        """Close idle connections."""
        while self._idle:
            self._idle.pop().connection.close()

    def _take(self, peer: tuple[str, str, str]) -> http.client.HTTPConnection | None:
        while self._idle:
            idle = self._idle.pop()
            if idle.peer == peer and time.monotonic() - idle.since_s < REUSE_WITHIN_S:
                return idle.connection
            idle.connection.close()
        return None

    def _send(
        self,
        peer: tuple[str, str, str],
        connection: http.client.HTTPConnection,
        req: urllib.request.Request,
    ) -> addinfourl:
        headers = dict(req.header_items())
        if req.type == "https":
            for name in _proxy_credentials(req):
                del headers[name]
        try:
            connection.request(req.get_method(), req.selector, headers=headers)
            response = connection.getresponse()
            body = response.read()
        except BaseException:
            connection.close()
            raise
        if connection.sock is not None:  # else the server wants no further request on it
            self._idle.append(Idle(peer, connection, time.monotonic()))
        answer = addinfourl(io.BytesIO(body), response.headers, req.full_url, response.status)
        answer.msg = response.reason  # type: ignore[attr-defined]  # urllib looks for it there
        return answer


def _proxy_credentials(req: urllib.request.Request) -> dict[str, str]:
    """The header that is for a proxy alone, and not for the server behind it."""
    return {name: value for name, value in req.header_items() if name == "Proxy-authorization"}
