"""Accepts an invite: sets a password and signs in."""

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from reseller_webhooks.core.access.permissions import PASSWORD_MIN
from reseller_webhooks.core.errors import Conflict, Invalid, NotSignedIn
from reseller_webhooks.http.edge.response_headers import with_retry_after
from reseller_webhooks.http.pages import passwords, paths
from reseller_webhooks.http.pages.dependencies import AnyVisitor, PostedForm
from reseller_webhooks.http.pages.forms.webhook_fields import wrong_of
from reseller_webhooks.http.pages.messages import sentence
from reseller_webhooks.http.pages.page import Page
from reseller_webhooks.http.pages.routes.sign_in import entered
from reseller_webhooks.http.pages.sign_in.password_hashing import TooManyPasswords
from reseller_webhooks.http.pages.sign_in.password_limits import status_of
from reseller_webhooks.operations import invites, resellers

GONE, INVALID = 410, 422
ONE = paths.INVITE + "/{token}"

routes = APIRouter()


@routes.get(ONE)
def invited(page: AnyVisitor, token: str) -> Response:
    """The form for a password. To look does not use the invite up."""
    return _form(page, token)


@routes.post(ONE)
async def accept(page: AnyVisitor, token: str, form: PostedForm) -> Response:
    """Accept an invite and sign in, which ends the session of this browser."""
    try:
        session = await passwords.accept_invite(page, token, form.exact("new"))
    except Invalid as error:
        return await run_in_threadpool(_form, page, token, INVALID, wrong_of(error))
    except TooManyPasswords as error:
        wrong = {"new": sentence(error.message)}
        answer = await run_in_threadpool(_form, page, token, status_of(error), wrong)
        return with_retry_after(answer, error.retry_after_s)
    except (NotSignedIn, Conflict):
        return await run_in_threadpool(_gone, page)
    return await run_in_threadpool(entered, page, session, paths.WEBHOOKS)


def _form(
    page: Page, token: str, status: int = 200, wrong: dict[str, str] | None = None
) -> Response:
    """The form with its problems, or a page for an invite that is gone."""
    try:
        found = invites.find(page.database, token)
    except NotSignedIn:
        return _gone(page)
    whose = None
    if found.reseller_id is not None:
        whose = resellers.by_number(page.database, found.reseller_id)
    return page.form(
        "invited.html",
        status,
        invite=found,
        whose=whose,
        token=token,
        wrong=wrong or {},
        shortest=PASSWORD_MIN,
    )


def _gone(page: Page) -> Response:
    return page.html("invite_gone.html", GONE)
