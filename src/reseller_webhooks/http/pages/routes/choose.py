"""Users of several resellers choose one, or accept an invite."""

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from reseller_webhooks.http.pages import choosers, paths
from reseller_webhooks.http.pages.dependencies import Authenticated, PostedForm
from reseller_webhooks.http.pages.page import SEE_OTHER, Page
from reseller_webhooks.operations import memberships

routes = APIRouter()


@routes.get(paths.CHOOSE)
def choices(page: Authenticated) -> Response:
    """A button for each reseller, and for each invite that can be accepted here."""
    invites = memberships.pending(page.database, page.who)
    return page.html(
        "choose.html",
        wanted=page.request.query_params.get("next", ""),
        invites=invites,
        names=choosers.names(page, (one.reseller_id for one in invites)),
    )


@routes.post(paths.CHOOSE)
def choose(page: Authenticated, form: PostedForm) -> Response:
    """Enter the chosen one."""
    uuid = form.text("membership")
    token = memberships.choose(page.database, page.who, uuid, page.device)
    return _entered(page, token, paths.after_sign_in(form.text("next")))


@routes.post(paths.CHOOSE + "/invites/{uuid}")
def accept(page: Authenticated, uuid: str) -> Response:
    """Accept an invite, and enter its reseller."""
    token = memberships.accept(page.database, page.who, uuid, page.device)
    return _entered(page, token, paths.WEBHOOKS)


def _entered(page: Page, token: str | None, path: str) -> Response:
    response = RedirectResponse(path, SEE_OTHER)
    if token is not None:
        page.site.cookies.keep_session(response, token)
    return response
