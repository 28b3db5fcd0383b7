"""Errors as pages: what went wrong, and where to go from there."""

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from reseller_webhooks.core.errors import (
    Invalid,
    NotFound,
    NotSignedIn,
    QuotaExceeded,
    Refused,
    ResellerWebhooksError,
    Unavailable,
)
from reseller_webhooks.core.messages.requests import TOO_LONG
from reseller_webhooks.http.edge.page_headers import ALWAYS, NOT_KEPT, with_retry_after
from reseller_webhooks.http.edge.problems import status_of
from reseller_webhooks.http.edge.request_deadline import answer_within
from reseller_webhooks.http.pages import language, paths
from reseller_webhooks.http.pages.dependencies import (
    READS,
    NoMembershipChosen,
    NoResellerChosen,
)
from reseller_webhooks.http.pages.labels import quota_labels
from reseller_webhooks.http.pages.messages import sentence
from reseller_webhooks.http.pages.page import SEE_OTHER, SiteContext

NOT_FOUND, BROKEN = 404, 500

log = structlog.get_logger()


def register(app: FastAPI) -> None:
    """Let every error end as a page."""
    app.exception_handler(ResellerWebhooksError)(refused)
    app.exception_handler(HTTPException)(unknown)
    app.exception_handler(RequestValidationError)(unknown)
    app.exception_handler(Exception)(broken)


async def refused(request: Request, error: ResellerWebhooksError) -> Response:
    """The response to an error that the program raised on purpose."""
    if isinstance(error, NotSignedIn):
        return RedirectResponse(paths.sign_in(_wanted(request)), SEE_OTHER)
    if isinstance(error, NoMembershipChosen):
        return RedirectResponse(paths.choose(_wanted(request)), SEE_OTHER)
    if isinstance(error, NoResellerChosen):
        return RedirectResponse(paths.RESELLERS, SEE_OTHER)
    # The route's own path: in the address there may be the token of a sign-in link.
    route = getattr(request.scope.get("route"), "path", "")
    if isinstance(error, Unavailable):
        _site(request).context.database.outage.refused_request(error, route=route)
    elif isinstance(error, Refused):
        log.error("a page was refused", route=route, reason=str(error))
    return _answer(_site(request), error)


async def unknown(request: Request, error: Exception) -> Response:
    """The response for an unknown address."""
    response = _page(_site(request), getattr(error, "status_code", NOT_FOUND), "")
    response.headers.update(getattr(error, "headers", None) or {})
    return response


async def broken(request: Request, error: Exception) -> Response:  # noqa: ARG001
    """A fault of our own: the page says nothing of it, the log says all."""
    response = _page(_site(request), BROKEN, "")
    # This answer is made outside all middleware.
    response.headers.update(ALWAYS | {"cache-control": NOT_KEPT})
    return response


class AnsweredInTime:
    """Middleware: a page that takes too long is answered with one that says so."""

    def __init__(self, app: ASGIApp, site: SiteContext) -> None:
        self._app, self._site = app, site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] == "http":
            await answer_within(self._app, scope, receive, send, late=self._late)
        else:
            await self._app(scope, receive, send)

    def _late(self) -> Response:
        return _answer(self._site, Unavailable(TOO_LONG()))


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


def _site(request: Request) -> SiteContext:
    site: SiteContext = request.app.state.site
    return site


def _answer(site: SiteContext, error: ResellerWebhooksError) -> Response:
    wait_s = error.retry_after_s if isinstance(error, Unavailable | QuotaExceeded) else 0
    return with_retry_after(_page(site, status_of(error), _told(error)), wait_s)


def _page(site: SiteContext, status: int, detail: str) -> Response:
    if detail:
        return HTMLResponse(_rendered(site, status, detail), status)
    key = status, language.current()
    if key not in site.error_pages:
        site.error_pages[key] = _rendered(site, status, "")
    return HTMLResponse(site.error_pages[key], status)


def _rendered(site: SiteContext, status: int, detail: str) -> str:
    return site.render(
        "error.html",
        status=status,
        detail=detail,
        visitor=None,
        reseller=None,
        notice=None,
        page=None,
    )
