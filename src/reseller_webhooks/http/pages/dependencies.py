"""Dependencies of page routes: visitor, permissions, CSRF protection.

`AnyVisitor` < `Authenticated` < `SignedIn` < `AtReseller` < `WebhookEditor`.
`csrf_protect` runs before every route that is not GET.
"""

import hmac
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers

from reseller_webhooks import crypto
from reseller_webhooks.core.errors import NotAllowed, NotSignedIn, ResellerWebhooksError
from reseller_webhooks.core.messages import MessageCode
from reseller_webhooks.core.messages.access import (
    NO_RESELLER_CHOSEN,
    ONLY_ADMINS_CHANGE_WEBHOOKS,
    ONLY_ADMINS_SEE_AUDIT,
    ONLY_ADMINS_SEE_USERS,
    ONLY_OPERATORS,
    SIGN_IN_FIRST,
)
from reseller_webhooks.core.messages.requests import FORM_FORGED
from reseller_webhooks.http.edge import exchange
from reseller_webhooks.http.pages.form import Form, read
from reseller_webhooks.http.pages.page import Page, SiteContext, device_of
from reseller_webhooks.operations import authentication, resellers
from reseller_webhooks.operations.visitors import Visitor

READS = {"GET", "HEAD"}
FORM_TOKEN = "form-token"  # noqa: S105 - the name of a field


class CsrfFailed(NotAllowed):
    """A form that was not sent from one of our pages, or from one that is out of date."""


class NoMembershipChosen(ResellerWebhooksError):
    """A user of several resellers has to choose one first."""


class NoResellerChosen(ResellerWebhooksError):
    """An operator has to choose one first."""


async def site(request: Request) -> SiteContext:
    """The context that all pages share."""
    found: SiteContext = request.app.state.site
    return found


Site = Annotated[SiteContext, Depends(site)]


async def posted(request: Request) -> Form:
    """The fields of the form that was sent; none for a request that only reads."""
    return Form({}) if request.method in READS else await read(request)


PostedForm = Annotated[Form, Depends(posted)]


async def visitor(site: Site, request: Request) -> Visitor | None:
    """The visitor who is signed in, if any."""
    token = site.cookies.session(request)
    if not token:
        return None
    try:
        found = await run_in_threadpool(
            authentication.visitor, site.context.database, token, device_of(request)
        )
    except NotSignedIn:
        return None
    await exchange.verified(_owner(found))
    return found


def _owner(visitor: Visitor) -> str:
    """The key of the visitor's limit of concurrent requests; operators have none."""
    if visitor.is_operator:
        return ""
    if visitor.reseller_id is None:
        return f"person {visitor.person.id}"
    return f"people {visitor.reseller_id}"


CurrentVisitor = Annotated[Visitor | None, Depends(visitor)]


async def csrf_protect(
    request: Request, site: Site, form: PostedForm, visitor: CurrentVisitor
) -> None:
    """Refuse what another site made the browser send. CsrfFailed if so."""
    if request.method in READS:
        return
    expected = visitor.session.csrf if visitor else site.cookies.form_token(request)
    given = form.text(FORM_TOKEN)
    same = hmac.compare_digest(expected.encode(), given.encode()) and expected != ""
    if not same or not from_here(request.headers, site.context.settings.public_url):
        raise CsrfFailed(FORM_FORGED())


def from_here(headers: Headers, public_url: str) -> bool:
    """True if one of this service's pages sent the request: by Fetch Metadata, or Origin (RFC
    6454, 7)."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = headers.get("origin", "")
    own = urlsplit(public_url)
    # A proxy may have rewritten Host, so the public URL counts as well.
    if origin == f"{own.scheme}://{own.netloc}":
        return True
    _, mark, authority = origin.partition("://")  # Not parsed: anybody may send what is no URL.
    return mark != "" and authority == headers.get("host")


def any_visitor(request: Request, site: Site, visitor: CurrentVisitor) -> Page:
    """For pages that can be seen without signing in."""
    if visitor is None:
        token = site.cookies.form_token(request) or crypto.new_token()
        return Page(site, request, token)
    number = visitor.reseller_id
    reseller = None if number is None else resellers.by_number(site.context.database, number)
    return Page(site, request, visitor.session.csrf, visitor, reseller)


AnyVisitor = Annotated[Page, Depends(any_visitor)]


async def arrived(page: AnyVisitor) -> Page:
    """The page of a visitor who is signed in, and may have to choose a reseller yet.
    NotSignedIn."""
    if page.visitor is None:
        raise NotSignedIn(SIGN_IN_FIRST())
    return page


Authenticated = Annotated[Page, Depends(arrived)]


async def signed_in(page: Authenticated) -> Page:
    """The page of a visitor who is signed in, at one reseller or as an operator."""
    if page.who.membership is None:
        raise NoMembershipChosen(NO_RESELLER_CHOSEN())
    return page


SignedIn = Annotated[Page, Depends(signed_in)]


async def operator(page: SignedIn) -> Page:
    """For operators."""
    if not page.who.is_operator:
        raise NotAllowed(ONLY_OPERATORS())
    return page


Operator = Annotated[Page, Depends(operator)]


async def user_admin(page: SignedIn) -> Page:
    """The page of a visitor who may invite users: an admin for their reseller, an operator for
    any."""
    return _require_admin(page, ONLY_ADMINS_SEE_USERS)


UserAdmin = Annotated[Page, Depends(user_admin)]


async def at_reseller(page: SignedIn) -> Page:
    """The page of a visitor who may see one reseller's webhooks."""
    if page.reseller is None:
        raise NoResellerChosen(NO_RESELLER_CHOSEN())
    return page


AtReseller = Annotated[Page, Depends(at_reseller)]


async def webhook_editor(page: AtReseller) -> Page:
    """The page of a visitor who may change webhooks."""
    return _require_admin(page, ONLY_ADMINS_CHANGE_WEBHOOKS)


WebhookEditor = Annotated[Page, Depends(webhook_editor)]


async def audit_reader(page: AtReseller) -> Page:
    """The page of a visitor who may read the audit log of a reseller."""
    return _require_admin(page, ONLY_ADMINS_SEE_AUDIT)


AuditReader = Annotated[Page, Depends(audit_reader)]


def _require_admin(page: Page, refusal: MessageCode) -> Page:
    """The page of a visitor who may change things. NotAllowed for any other."""
    if not page.who.may_write:
        raise NotAllowed(refusal())
    return page
