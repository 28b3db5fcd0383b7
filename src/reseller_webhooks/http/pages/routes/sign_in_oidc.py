"""Signs in by an identity provider: redirect and callback."""

import hmac
from dataclasses import astuple
from typing import TYPE_CHECKING

import orjson
import structlog
from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from reseller_webhooks.clock import SECOND
from reseller_webhooks.core.errors import (
    NotFound,
    NotSignedIn,
    ResellerWebhooksError,
    SecretUnreadable,
    Unavailable,
)
from reseller_webhooks.core.messages import plain
from reseller_webhooks.core.messages.access import OIDC_EXPIRED, OIDC_NO_CODE, OIDC_REFUSED
from reseller_webhooks.http.pages import paths
from reseller_webhooks.http.pages.cookies import OPENID_LIVES_S
from reseller_webhooks.http.pages.dependencies import AnyVisitor
from reseller_webhooks.http.pages.messages import sentence
from reseller_webhooks.http.pages.page import SEE_OTHER, Page
from reseller_webhooks.http.pages.routes.sign_in import entered, sign_in_form
from reseller_webhooks.http.pages.sign_in.openid_login import Login, new_login
from reseller_webhooks.operations import single_sign_on
from reseller_webhooks.operations.single_sign_on import Vouched

if TYPE_CHECKING:
    from reseller_webhooks.http.pages.sign_in.openid import OpenId

NOT_SIGNED_IN, NOT_NOW = 401, 503
PURPOSE = "openid"

log = structlog.get_logger()
routes = APIRouter()


@routes.get(paths.OPENID)
async def begin(page: AnyVisitor) -> Response:
    """Redirect to the provider. The values that it has to return stay sealed in this browser."""
    one = new_login(page.request.query_params.get("next", ""))
    try:
        address = await _provider(page).address(one)
    except Unavailable as error:
        return await _failed(page, one.wanted, NOT_NOW, error)
    response = RedirectResponse(address, SEE_OTHER)
    until = page.now() + OPENID_LIVES_S * SECOND
    sealed = page.box.seal(orjson.dumps([PURPOSE, until, *astuple(one)]).decode())
    page.site.cookies.keep_openid(response, sealed)
    return response


@routes.get(paths.OPENID_BACK)
async def back(page: AnyVisitor) -> Response:
    """The provider's redirect back: sign in a user or an invited person."""
    one = _login(page)
    wanted = one.wanted if one else ""
    try:
        vouched = await _vouched(page, one)
        session = await run_in_threadpool(
            single_sign_on.sign_in, page.database, vouched, page.device
        )
    except NotSignedIn as error:
        return await _failed(page, wanted, NOT_SIGNED_IN, error)
    except Unavailable as error:
        return await _failed(page, wanted, NOT_NOW, error)
    response = await run_in_threadpool(entered, page, session, paths.after_sign_in(wanted))
    page.site.cookies.drop_openid(response)
    return response


async def _vouched(page: Page, one: Login | None) -> Vouched:
    """The person whom the provider vouches for. NotSignedIn, Unavailable."""
    provider, given = _provider(page), page.request.query_params
    state = given.get("state", "").encode()
    if one is None or not hmac.compare_digest(one.state.encode(), state):
        raise NotSignedIn(OIDC_EXPIRED())
    if "code" not in given:
        error = given.get("error", "")[:100]
        raise NotSignedIn(OIDC_REFUSED(why=plain(error) if error else OIDC_NO_CODE()))
    return await provider.vouched(one, given["code"], given.get("iss", ""))


def _provider(page: Page) -> "OpenId":
    if page.site.openid is None:
        raise NotFound("page", paths.OPENID)
    return page.site.openid


def _login(page: Page) -> Login | None:
    try:
        purpose, until, *rest = orjson.loads(page.box.open(page.site.cookies.openid(page.request)))
        return Login(*rest) if purpose == PURPOSE and page.now() < until else None
    except (SecretUnreadable, ValueError, TypeError):
        return None


async def _failed(page: Page, wanted: str, status: int, error: ResellerWebhooksError) -> Response:
    log.warning("nobody came in with the identity provider", reason=str(error))
    wrong = sentence(error.message)
    response = await run_in_threadpool(sign_in_form, page, wanted, status, wrong=wrong)
    page.site.cookies.drop_openid(response)
    return response
