"""Access check of the receiver's page: on this machine by host name, from elsewhere by a key.

The page shows what records hold and changes things, and has no accounts.
"""

import hmac
from http.cookies import CookieError, SimpleCookie
from ipaddress import ip_address
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

PARAMETER = "key"
COOKIE = "demo-receiver"


def is_loopback(host: str) -> bool:
    """True if a host name means this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class PageAccess:
    """Answers 403 or 421 to others. key: what the printed address holds; empty on loopback."""

    def __init__(self, app: ASGIApp, *, key: str) -> None:
        self._app = app
        self._key = key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer why not."""
        refused = self._refused(scope) if scope["type"] == "http" else None
        await (refused or self._app)(scope, receive, send)

    def _refused(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        if not self._key:
            here = is_loopback(_host(headers))
            return None if here else PlainTextResponse("this page is not at this host", 421)
        given = parse_qs(scope["query_string"].decode("latin-1")).get(PARAMETER, [""])[0]
        if self._fits(given):
            entered = RedirectResponse("/", 303)
            entered.set_cookie(COOKIE, self._key, httponly=True, samesite="strict")
            return entered
        if self._fits(_cookie(headers)):
            return None
        return PlainTextResponse("open the address that was printed as Receiver page", 403)

    def _fits(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), self._key.encode())


def _host(headers: Headers) -> str:
    try:
        return urlsplit(f"//{headers.get('host', '')}").hostname or ""
    except ValueError:
        return ""


def _cookie(headers: Headers) -> str:
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found else ""
