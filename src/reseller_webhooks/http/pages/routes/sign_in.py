"""Signs in by password, and out."""

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from reseller_webhooks.core.errors import NotSignedIn
from reseller_webhooks.http.edge.response_headers import with_retry_after
from reseller_webhooks.http.pages import passwords, paths
from reseller_webhooks.http.pages.dependencies import AnyVisitor, Authenticated, PostedForm
from reseller_webhooks.http.pages.messages import sentence
from reseller_webhooks.http.pages.page import SEE_OTHER, Page
from reseller_webhooks.http.pages.sign_in.password_hashing import TooManyPasswords
from reseller_webhooks.http.pages.sign_in.password_limits import status_of
from reseller_webhooks.operations import authentication

GONE, NOT_SIGNED_IN, TOO_MANY = 410, 401, 429

routes = APIRouter()


@routes.get("/")
async def front(page: AnyVisitor) -> Response:
    """Straight to the webhooks, or to the sign-in page first."""
    return page.go(paths.WEBHOOKS if page.visitor else paths.SIGN_IN)


@routes.get(paths.SIGN_IN)
def sign_in_page(page: AnyVisitor) -> Response:
    """The sign-in form."""
    wanted = page.request.query_params.get("next", "")
    if page.visitor:
        return page.go(paths.after_sign_in(wanted))
    return sign_in_form(page, wanted)


@routes.post(paths.SIGN_IN)
async def sign_in(page: AnyVisitor, form: PostedForm) -> Response:
    """Sign in by e-mail address and password."""
    wanted, email = form.text("next"), form.text("email")
    try:
        token = await passwords.sign_in(page, email, form.exact("password"))
    except NotSignedIn as error:
        status = TOO_MANY if error.retry_after_s else NOT_SIGNED_IN
        wrong, wait_s = sentence(error.message), error.retry_after_s
    except TooManyPasswords as error:
        status, wrong, wait_s = status_of(error), sentence(error.message), error.retry_after_s
    else:
        return await run_in_threadpool(entered, page, token, paths.after_sign_in(wanted))
    answer = await run_in_threadpool(sign_in_form, page, wanted, status, email=email, wrong=wrong)
    return with_retry_after(answer, wait_s)


@routes.post(paths.SIGN_OUT)
def sign_out(page: Authenticated) -> Response:
    """End this session."""
    _end_session(page)
    response = RedirectResponse(paths.SIGN_IN, SEE_OTHER)
    page.site.cookies.drop_session(response)
    return response


def sign_in_form(
    page: Page, wanted: str, status: int = 200, *, email: str = "", wrong: str = ""
) -> Response:
    """The sign-in page, with what went wrong if anything did."""
    response = page.html("sign_in.html", status, wanted=wanted, email=email, wrong=wrong)
    page.site.cookies.keep_form_token(response, page.form_token)
    return response


def entered(page: Page, token: str, path: str) -> Response:
    """Sign in, which ends the session of this browser, and go on to a page.

    Somebody who belongs to several resellers chooses one first.
    """
    _end_session(page)
    visitor = authentication.visitor(page.database, token)
    response = RedirectResponse(path if visitor.membership else paths.choose(path), SEE_OTHER)
    page.site.cookies.keep_session(response, token)
    passwords.keep_device(page, response, visitor)
    return response


def _end_session(page: Page) -> None:
    if page.visitor:
        authentication.sign_out(page.database, page.visitor)
