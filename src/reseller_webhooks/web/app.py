"""The pages as an ASGI application, to be mounted behind the API."""

from collections.abc import Callable
from ssl import SSLContext

from fastapi import Depends, FastAPI
from starlette.responses import Response

from reseller_webhooks.observability.requests import RouteRecorder
from reseller_webhooks.operations.house import House
from reseller_webhooks.web import errors, openid_login
from reseller_webhooks.web.cookies import Cookies
from reseller_webhooks.web.errors import AnsweredInTime
from reseller_webhooks.web.head import HeadAsGet
from reseller_webhooks.web.headers import StrictHeaders
from reseller_webhooks.web.language import InLanguage
from reseller_webhooks.web.page import Site
from reseller_webhooks.web.rendering import STATICS
from reseller_webhooks.web.routes import (
    account,
    audit_log,
    backfill,
    choose,
    entrance,
    entrance_openid,
    invited,
    jobs,
    languages,
    log,
    log_stream,
    operator,
    operator_jobs,
    quotas,
    records,
    resellers,
    sign_in_link,
    users,
    webhook,
    webhook_forms,
    webhooks,
)
from reseller_webhooks.web.visiting import genuine

NOT_FOUND = 404
AREAS = (
    # Its addresses come before those of links, whose token is any text.
    entrance_openid.routes,
    sign_in_link.routes,
    entrance.routes,
    choose.routes,
    invited.routes,
    languages.routes,
    account.routes,
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


def create_web(house: House, tls: Callable[[], SSLContext]) -> FastAPI:
    """Every page. No route changes anything before `genuine` has passed its form.

    tls: what is trusted now, for requests to the identity provider.
    """
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    cookies = Cookies(secure=house.settings.public_url.startswith("https://"))
    app.state.site = Site(house, cookies, openid=openid_login.provider(house.settings, tls))
    app.get("/static/{version}/{name:path}")(static)
    for area in AREAS:
        app.include_router(area, dependencies=[Depends(genuine)])
    errors.register(app)
    app.add_middleware(RouteRecorder)
    app.add_middleware(HeadAsGet)
    app.add_middleware(AnsweredInTime, site=app.state.site)
    app.add_middleware(InLanguage)
    app.add_middleware(StrictHeaders)
    return app


async def static(version: str, name: str) -> Response:
    """A stylesheet, module or icon."""
    return STATICS.response(version, name) or Response(status_code=NOT_FOUND)
