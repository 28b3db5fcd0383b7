"""The Users page: admins manage colleagues, operators all users."""

from collections.abc import Sequence

from fastapi import APIRouter
from starlette.responses import Response

from reseller_webhooks.core.access.accounts import Invite, Membership
from reseller_webhooks.core.access.permissions import Role
from reseller_webhooks.core.enums import number_in
from reseller_webhooks.core.errors import Conflict, Invalid, QuotaExceeded
from reseller_webhooks.core.messages.webhooks import CHOOSE_RESELLER_OF_USER, CHOOSE_ROLE
from reseller_webhooks.http.edge.response_headers import with_retry_after
from reseller_webhooks.http.pages import choosers, paths
from reseller_webhooks.http.pages.dependencies import PostedForm, UserAdmin
from reseller_webhooks.http.pages.flash import Flash
from reseller_webhooks.http.pages.form import Form
from reseller_webhooks.http.pages.forms.webhook_fields import WHOLE_FORM, wrong_of
from reseller_webhooks.http.pages.messages import sentence
from reseller_webhooks.http.pages.page import Page
from reseller_webhooks.http.pages.paging import split_page
from reseller_webhooks.operations import invites, memberships, users

USERS, INVITES = 30, 20
"""Rows of a page: together under 100 KB."""
INVALID, TAKEN, TOO_MANY = 422, 409, 429

routes = APIRouter()


@routes.get(paths.USERS)
def users_page(page: UserAdmin) -> Response:
    """Users, pending invites, and the form for an invite."""
    return _page(page)


@routes.post(paths.INVITES)
def invite(page: UserAdmin, form: PostedForm) -> Response:
    """Make an invite; its link is shown once."""
    try:
        role, reseller = _role_and_reseller(page, form)
        token = invites.invite(page.database, form.text("email"), role, reseller)
    except Invalid as error:
        return _page(page, INVALID, form=form, wrong=wrong_of(error))
    except Conflict as error:
        return _page(page, TAKEN, form=form, wrong={"email": sentence(error.message)})
    except QuotaExceeded as error:
        again = _page(page, TOO_MANY, form=form, wrong={WHOLE_FORM: page.refusal(error)})
        return with_retry_after(again, error.retry_after_s)
    link = f"{page.site.context.settings.public_url}{paths.INVITE}/{token}"
    return page.go(paths.USERS, Flash("invited", detail=link))


@routes.get(paths.INVITES)
def after_invite(page: UserAdmin) -> Response:
    """Redirect a visitor who returns to this address to the list."""
    return page.go(paths.USERS)


@routes.post(paths.INVITES + "/{uuid}/withdraw")
def withdraw(page: UserAdmin, uuid: str) -> Response:
    """Withdraw an invite."""
    gone = invites.withdraw(page.database, uuid, reseller_id=_scope(page))
    return page.go(paths.USERS, Flash("invite_withdrawn", detail=gone.email))


@routes.post(paths.USERS + "/{uuid}/link")
def link(page: UserAdmin, uuid: str) -> Response:
    """Make a sign-in link for a user who has forgotten the password."""
    member, token = users.new_link(page.database, page.who, uuid, reseller_id=_scope(page))
    made = f"{page.site.context.settings.public_url}{paths.SIGN_IN}/{token}"
    return page.go(paths.USERS, Flash("link_made", member.email, made))


@routes.post(paths.USERS + "/{uuid}/lock")
def lock(page: UserAdmin, uuid: str) -> Response:
    """Lock a user."""
    member = users.lock(page.database, page.who, uuid, reseller_id=_scope(page))
    return page.go(paths.USERS, Flash("locked", detail=member.email))


@routes.post(paths.USERS + "/{uuid}/unlock")
def unlock(page: UserAdmin, uuid: str) -> Response:
    """Unlock a user."""
    member = users.unlock(page.database, uuid, reseller_id=_scope(page))
    return page.go(paths.USERS, Flash("unlocked", detail=member.email))


@routes.post(paths.USERS + "/{uuid}/role")
def change_role(page: UserAdmin, uuid: str, form: PostedForm) -> Response:
    """Make a viewer an admin, or the other way round."""
    role = form.text("role")
    wanted = Role(role) if role in set(Role) else Role.OPERATOR  # which is refused
    try:
        member = memberships.set_role(
            page.database, page.who, uuid, wanted, reseller_id=_scope(page)
        )
    except Conflict as error:
        return page.go(paths.USERS, Flash("role_kept", detail=sentence(error.message)))
    return page.go(paths.USERS, Flash(f"now_{role}", detail=member.email))


@routes.post(paths.USERS + "/{uuid}/remove")
def remove(page: UserAdmin, uuid: str) -> Response:
    """Remove a user from a reseller."""
    member = memberships.remove(page.database, page.who, uuid, reseller_id=_scope(page))
    return page.go(paths.USERS, Flash("removed", detail=member.email))


def _scope(page: Page) -> int | None:
    """The reseller whose users the visitor may see: None for all."""
    return None if page.who.is_operator else page.tenant


def _role_and_reseller(page: Page, form: Form) -> tuple[Role, str | None]:
    role = form.text("role")
    if role not in set(Role) or (role == Role.OPERATOR and not page.who.is_operator):
        raise Invalid.at("/role", CHOOSE_ROLE())
    if role == Role.OPERATOR:
        return Role(role), None
    if not page.who.is_operator:
        return Role(role), page.reseller.uuid if page.reseller else None
    if not form.text("reseller"):
        raise Invalid.at("/reseller", CHOOSE_RESELLER_OF_USER())
    return Role(role), form.text("reseller")


def _page(
    page: Page,
    status: int = 200,
    *,
    form: Form | None = None,
    wrong: dict[str, str] | None = None,
) -> Response:
    rows, next_users = _users(page)
    pending, next_invites = _invites(page)
    whose = {one.reseller_id for one in pending}
    chosen = form.text("reseller") if form else page.reseller.uuid if page.reseller else ""
    return page.html(
        "users.html",
        status,
        rows=rows,
        next_users=next_users,
        invites=pending,
        next_invites=next_invites,
        search=choosers.searched(page, "search"),
        first=not (_after(page) or _before(page)),
        choices=choosers.reseller_choices(page, chosen) if page.who.is_operator else None,
        names=choosers.names(page, whose),
        roles=[one for one in Role if one is not Role.OPERATOR or page.who.is_operator],
        typed={
            "email": form.text("email") if form else "",
            "role": form.text("role") if form else Role.ADMIN.value,
            "reseller": chosen,
        },
        wrong=wrong or {},
    )


def _after(page: Page) -> int:
    return number_in(page.request.query_params.get("after", "")) or 0


def _before(page: Page) -> int | None:
    return number_in(page.request.query_params.get("invites", ""))


def _users(page: Page) -> tuple[Sequence[Membership], str]:
    """A page of users, and the address of the next one."""
    query, search = page.request.query_params, choosers.searched(page, "search")
    after = _after(page)
    found = users.page(page.database, _scope(page), after=after, limit=USERS + 1, search=search)
    rows, last = split_page(found, USERS)
    if last is None:
        return rows, ""
    return rows, paths.users(search=search, after=last.id, invites=query.get("invites", ""))


def _invites(page: Page) -> tuple[Sequence[Invite], str]:
    """A page of pending invites, and the address of the next one."""
    query, search = page.request.query_params, choosers.searched(page, "search")
    before = _before(page)
    found = invites.page(
        page.database, _scope(page), before=before, limit=INVITES + 1, search=search
    )
    rows, last = split_page(found, INVITES)
    if last is None:
        return rows, ""
    after = query.get("after", "")
    return rows, paths.users(search=search, after=after, invites=last.id) + "#invites"
