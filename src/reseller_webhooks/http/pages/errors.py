"""Errors as pages: what went wrong, and where to go from there."""

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from reseller_webhooks.core.errors import (
    Invalid,
    NotFound,
    NotSignedIn,
    QuotaExceeded,
    Refused,
    ResellerWebhooksError,
    Unavailable,
)
from reseller_webhooks.http.edge.problems import UNEXPECTED, status_of
from reseller_webhooks.http.edge.response_headers import with_retry_after
from reseller_webhooks.http.pages import language, paths
from reseller_webhooks.http.pages.dependencies import (
    READS,
    NoMembershipChosen,
    NoResellerChosen,
)
from reseller_webhooks.http.pages.labels import quota_labels
from reseller_webhooks.http.pages.messages import sentence
from reseller_webhooks.http.pages.page import SEE_OTHER, SiteContext

NOT_FOUND = 404

log = structlog.get_logger()


class ErrorPages:
    """The pages of errors, in the language of the visitor."""

    def __init__(self, site: SiteContext) -> None:
        self._site = site

    def respond(self, request: Request, error: Exception) -> Response:
        """The page of an error, or the page that a visitor has to go to first."""
        if not isinstance(error, ResellerWebhooksError):
            return self._of_framework(error)
        if isinstance(error, NotSignedIn):
            return RedirectResponse(paths.sign_in(_wanted(request)), SEE_OTHER)
        if isinstance(error, NoMembershipChosen):
            return RedirectResponse(paths.choose(_wanted(request)), SEE_OTHER)
        if isinstance(error, NoResellerChosen):
            return RedirectResponse(paths.RESELLERS, SEE_OTHER)
        self._log(request, error)
        return self.render(error)

    def render(self, error: ResellerWebhooksError) -> Response:
        """The page of an error."""
        wait_s = error.retry_after_s if isinstance(error, Unavailable | QuotaExceeded) else 0
        return with_retry_after(self._page(status_of(error), _told(error)), wait_s)

    def unexpected(self) -> Response:
        """The page of a fault of our own: it says nothing of it, the log says all."""
        return self._page(UNEXPECTED.status)

    def _of_framework(self, error: Exception) -> Response:
        """The page of an address that is not ours, or is not used in this way."""
        if isinstance(error, HTTPException):
            response = self._page(error.status_code)
            response.headers.update(error.headers or {})
            return response
        return self._page(NOT_FOUND)

    def _log(self, request: Request, error: ResellerWebhooksError) -> None:
        # The route's own path: in the address there may be the token of a sign-in link.
        route = getattr(request.scope.get("route"), "path", "")
        if isinstance(error, Unavailable):
            self._site.context.database.outage.refused_request(error, route=route)
        elif isinstance(error, Refused):
            log.error("a page was refused", route=route, reason=str(error))

    def _page(self, status: int, detail: str = "") -> Response:
        if detail:
            return HTMLResponse(self._rendered(status, detail), status)
        key = status, language.current()
        if key not in self._site.error_pages:
            self._site.error_pages[key] = self._rendered(status, "")
        return HTMLResponse(self._site.error_pages[key], status)

    def _rendered(self, status: int, detail: str) -> str:
        return self._site.render(
            "error.html",
            status=status,
            detail=detail,
            visitor=None,
            reseller=None,
            notice=None,
            page=None,
        )


def _told(error: ResellerWebhooksError) -> str:
    # Whether a thing is not there or somebody else's is not to be told.
    if isinstance(error, NotFound | Refused):
        return ""
    if isinstance(error, QuotaExceeded):
        return quota_labels.describe(error)
    if isinstance(error, Invalid):
        return " ".join(sentence(problem.message) for problem in error.problems)
    return sentence(error.message)


def _wanted(request: Request) -> str:
    if request.method not in READS:
        return ""
    query = request.url.query
    return f"{request.url.path}?{query}" if query else request.url.path
