"""Where an invite leads: choose a password, and be in."""

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from reseller_webhooks.core.access import PASSWORD_MIN
from reseller_webhooks.core.errors import Conflict, Invalid, NotSignedIn
from reseller_webhooks.operations import access, invites, resellers
from reseller_webhooks.store.invites import Invite
from reseller_webhooks.web import paths
from reseller_webhooks.web.page import SEE_OTHER, Page
from reseller_webhooks.web.visiting import Anyone, Posted
from reseller_webhooks.web.webhook_fields import wrong_of

GONE, INVALID = 410, 422
ONE = paths.INVITE + "/{token}"

routes = APIRouter()


@routes.get(ONE)
def invited(page: Anyone, token: str) -> Response:
    """The form for a password. To look does not use the invite up."""
    try:
        found = invites.look(page.database, token)
    except NotSignedIn:
        return page.html("invite_gone.html", GONE)
    return _form(page, found, token)


@routes.post(ONE)
def accept(page: Anyone, token: str, form: Posted) -> Response:
    """Become a user, and be signed in; whoever was signed in here is out."""
    try:
        found = invites.look(page.database, token)
        session = invites.accept(page.database, token, form.exact("new"), page.device)
    except Invalid as error:
        return _form(page, found, token, INVALID, wrong_of(error))
    except (NotSignedIn, Conflict):
        return page.html("invite_gone.html", GONE)
    if page.visitor:
        access.sign_out(page.database, page.visitor)
    response = RedirectResponse(paths.WEBHOOKS, SEE_OTHER)
    page.site.cookies.keep_session(response, session)
    return response


def _form(
    page: Page, found: Invite, token: str, status: int = 200, wrong: dict[str, str] | None = None
) -> Response:
    whose = None
    if found.reseller_id is not None:
        whose = resellers.by_number(page.database, found.reseller_id)
    response = page.html(
        "invited.html",
        status,
        invite=found,
        whose=whose,
        token=token,
        wrong=wrong or {},
        shortest=PASSWORD_MIN,
    )
    if page.visitor is None:
        page.site.cookies.keep_form_token(response, page.form_token)
    return response
