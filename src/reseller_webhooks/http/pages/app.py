"""The pages as an ASGI application, mounted behind the API."""

from collections.abc import Callable
from ssl import SSLContext

from fastapi import Depends, FastAPI
from starlette.responses import Response

from reseller_webhooks.http.edge.page_headers import StrictHeaders
from reseller_webhooks.http.pages import errors
from reseller_webhooks.http.pages.cookies import Cookies
from reseller_webhooks.http.pages.dependencies import csrf_protect
from reseller_webhooks.http.pages.errors import AnsweredInTime
from reseller_webhooks.http.pages.language import InLanguage
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
from reseller_webhooks.observability.requests import RouteRecorder
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


def create_web(context: AppContext, tls: Callable[[], SSLContext]) -> FastAPI:
    """Every page. No route changes anything before `csrf_protect` has passed its form.

    tls: what is trusted now, for requests to the identity provider.
    """
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    cookies = Cookies(secure=context.settings.public_url.startswith("https://"))
    app.state.site = SiteContext(
        context, cookies, openid=openid_login.provider(context.settings, tls)
    )
    app.get("/static/{version}/{name:path}")(static)
    for area in AREAS:
        app.include_router(area, dependencies=[Depends(csrf_protect)])
    errors.register(app)
    app.add_middleware(RouteRecorder)
    app.add_middleware(AnsweredInTime, site=app.state.site)
    app.add_middleware(InLanguage)
    app.add_middleware(StrictHeaders)
    return app


async def static(version: str, name: str) -> Response:
    """A stylesheet, module or icon."""
    return STATICS.response(version, name) or Response(status_code=NOT_FOUND)
