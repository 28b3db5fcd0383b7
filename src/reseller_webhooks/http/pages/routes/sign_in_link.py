"""One-time sign-in links: a page with one button, which signs in.

Mail scanners, previews and other sites can make a browser open a link. So opening it uses nothing
up and signs nobody in; the button's form is checked by `csrf_protect` as every other.
"""

from fastapi import APIRouter
from starlette.responses import Response

from reseller_webhooks.core.errors import NotSignedIn
from reseller_webhooks.http.pages import paths
from reseller_webhooks.http.pages.dependencies import AnyVisitor
from reseller_webhooks.http.pages.routes.sign_in import GONE, entered
from reseller_webhooks.operations import authentication

LINK = paths.SIGN_IN + "/{token}"

routes = APIRouter()


@routes.get(LINK)
def link(page: AnyVisitor, token: str) -> Response:
    """The user whom the link signs in, and the button that does it."""
    try:
        person = authentication.owner_of_link(page.database, token)
    except NotSignedIn:
        return page.html("link_gone.html", GONE)
    return page.form("link.html", person=person, token=token)


@routes.post(LINK)
def sign_in(page: AnyVisitor, token: str) -> Response:
    """Sign in, which uses up the link and ends the session of this browser."""
    try:
        session = authentication.sign_in_by_link(page.database, token, page.device)
    except NotSignedIn:
        return page.html("link_gone.html", GONE)
    return entered(page, session, paths.WEBHOOKS)
