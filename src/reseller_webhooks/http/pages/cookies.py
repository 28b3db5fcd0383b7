"""Cookies: session, known device, form token, flash notice, OpenID login."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from reseller_webhooks.clock import SECOND
from reseller_webhooks.http.pages.language import COOKIE
from reseller_webhooks.operations.authentication import SESSION_LIVES
from reseller_webhooks.operations.known_devices import DEVICE_LIFETIME

NOTICE_LIVES_S = 120
OPENID_LIVES_S = 600
LANGUAGE_LIVES_S = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Cookies:
    """secure: whether the pages are on https; then no other host or path can set these."""

    secure: bool

    def session(self, request: Request) -> str:
        """The session's token, or nothing."""
        return self._get(request, "session")

    def keep_session(self, response: Response, token: str) -> None:
        """Sign this browser in."""
        self._set(response, "session", token, SESSION_LIVES // SECOND)

    def drop_session(self, response: Response) -> None:
        """Sign this browser out."""
        self._set(response, "session", "", 0)

    def form_token(self, request: Request) -> str:
        """The token that the sign-in form has to repeat, or an empty text."""
        return self._get(request, "form")

    def keep_form_token(self, response: Response, token: str) -> None:
        """Remember it until the browser is closed."""
        self._set(response, "form", token, None)

    def notice(self, request: Request) -> str:
        """The sealed news for this page, or nothing."""
        return self._get(request, "notice")

    def keep_notice(self, response: Response, sealed: str) -> None:
        """Tell the next page."""
        self._set(response, "notice", sealed, NOTICE_LIVES_S)

    def drop_notice(self, response: Response) -> None:
        """Delete the notice, which was shown."""
        self._set(response, "notice", "", 0)

    def openid(self, request: Request) -> str:
        """The sealed sign-in that an identity provider was asked for, or nothing."""
        return self._get(request, "openid")

    def keep_openid(self, response: Response, sealed: str) -> None:
        """Remember it until the provider sends the browser back."""
        self._set(response, "openid", sealed, OPENID_LIVES_S)

    def drop_openid(self, response: Response) -> None:
        """It has come back."""
        self._set(response, "openid", "", 0)

    def device(self, request: Request) -> str:
        """The sealed device cookie of this browser, or an empty text."""
        return self._get(request, "device")

    def keep_device(self, response: Response, sealed: str) -> None:
        """Know it again, also after the session has ended."""
        self._set(response, "device", sealed, DEVICE_LIFETIME // SECOND)

    def keep_language(self, response: Response, tag: str) -> None:
        """Remember it for a year; no secret, so its name says nothing of its host."""
        response.set_cookie(
            COOKIE, tag, LANGUAGE_LIVES_S, secure=self.secure, httponly=True, samesite="lax"
        )

    def _name(self, name: str) -> str:
        return f"__Host-webhooks-{name}" if self.secure else f"webhooks-{name}"

    def _get(self, request: Request, name: str) -> str:
        return request.cookies.get(self._name(name), "")

    def _set(self, response: Response, name: str, value: str, max_age: int | None) -> None:
        response.set_cookie(
            self._name(name),
            value,
            max_age=max_age,
            path="/",
            secure=self.secure,
            httponly=True,
            samesite="lax",
        )
