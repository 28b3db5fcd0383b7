"""One's own account: the password."""

from fastapi import APIRouter
from starlette.responses import Response

from reseller_webhooks.core.errors import Invalid
from reseller_webhooks.operations import access
from reseller_webhooks.web import paths
from reseller_webhooks.web.notices import Notice
from reseller_webhooks.web.visiting import Posted, SignedIn
from reseller_webhooks.web.webhook_fields import wrong_of

INVALID = 422

routes = APIRouter()


@routes.get(paths.ACCOUNT)
def account(page: SignedIn) -> Response:
    """Who one is, and the form for a new password."""
    return _form(page, 200, {})


@routes.post(paths.ACCOUNT)
def set_password(page: SignedIn, form: Posted) -> Response:
    """Set or change one's password."""
    assert page.visitor is not None, "SignedIn has one"  # noqa: S101
    try:
        access.set_password(page.database, page.visitor, form.exact("old"), form.exact("new"))
    except Invalid as error:
        return _form(page, INVALID, wrong_of(error))
    return page.go(paths.ACCOUNT, Notice("password_set"))


def _form(page: SignedIn, status: int, wrong: dict[str, str]) -> Response:
    shortest = access.PASSWORD_MIN
    return page.html("account.html", status, wrong=wrong, shortest=shortest)
