"""The pages: their routes, and what they share."""

from collections.abc import Callable
from functools import cache
from ssl import SSLContext

from fastapi import APIRouter, Depends
from starlette.responses import Response

from reseller_webhooks.http.edge.response_headers import NOT_KEPT, OF_PAGES, encoded
from reseller_webhooks.http.edge.surface import Surface
from reseller_webhooks.http.pages.cookies import Cookies
from reseller_webhooks.http.pages.dependencies import csrf_protect
from reseller_webhooks.http.pages.errors import ErrorPages
from reseller_webhooks.http.pages.language import use_language_of
from reseller_webhooks.http.pages.page import SiteContext
from reseller_webhooks.http.pages.rendering import STATICS
from reseller_webhooks.http.pages.routes import (
    accept_invite,
    account,
    alerts,
    audit_log,
    backfill,
    choose,
    jobs,
    languages,
    log,
    log_stream,
    operator,
    operator_jobs,
    quotas,
    records,
    resellers,
    sign_in,
    sign_in_link,
    sign_in_oidc,
    users,
    webhook,
    webhook_forms,
    webhooks,
)
from reseller_webhooks.http.pages.sign_in import openid_login
from reseller_webhooks.operations.context import AppContext

NOT_FOUND = 404
AREAS = (
    # Its addresses come before those of links, whose token is any text.
    sign_in_oidc.routes,
    sign_in_link.routes,
    sign_in.routes,
    choose.routes,
    accept_invite.routes,
    languages.routes,
    account.routes,
    alerts.routes,
    users.routes,
    resellers.routes,
    operator.routes,
    operator_jobs.routes,
    quotas.routes,
    audit_log.routes,
    # Addresses of log, records, jobs and form come before those of a webhook, whose id is any text.
    log_stream.routes,
    log.routes,
    records.routes,
    jobs.routes,
    webhooks.routes,
    webhook_forms.routes,
    webhook.routes,
    backfill.routes,
)
"""Every route but that of the static files."""


def create_site(context: AppContext, tls: Callable[[], SSLContext]) -> SiteContext:
    """The context of all pages. tls: trusted certificates for the identity provider."""
    cookies = Cookies(secure=context.settings.public_url.startswith("https://"))
    return SiteContext(context, cookies, openid=openid_login.provider(context.settings, tls))


def pages_surface(site: SiteContext) -> Surface:
    """The pages as a surface: no response may be framed or kept."""
    return Surface(ErrorPages(site), encoded(OF_PAGES), encoded(NOT_KEPT), use_language_of)


@cache
def create_router() -> APIRouter:
    """Every page. No route changes anything before `csrf_protect` has passed its form.

    It keeps nothing of an application, and FastAPI works out the dependencies of its routes at
    their first request, so all applications of a process share it.
    """
    router = APIRouter()
    router.get("/static/{version}/{name:path}")(static)
    for area in AREAS:
        router.include_router(area, dependencies=[Depends(csrf_protect)])
    return router


async def static(version: str, name: str) -> Response:
    """A stylesheet, module or icon."""
    return STATICS.response(version, name) or Response(status_code=NOT_FOUND)
