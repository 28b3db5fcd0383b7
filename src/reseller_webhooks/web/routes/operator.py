"""The operator's pages: API keys, and how workers and partitions fare."""

from fastapi import APIRouter
from starlette.responses import Response

from reseller_webhooks.core.access import Scope
from reseller_webhooks.core.errors import Invalid
from reseller_webhooks.core.names import number_in
from reseller_webhooks.core.texts import check_name
from reseller_webhooks.operations import access, api_keys, fleet, resealing
from reseller_webhooks.web import choosing, paths
from reseller_webhooks.web.form import Form
from reseller_webhooks.web.notices import Notice
from reseller_webhooks.web.page import Page
from reseller_webhooks.web.paging import cut
from reseller_webhooks.web.visiting import Operator, Posted
from reseller_webhooks.web.webhook_fields import wrong_of

ROWS = 50
NAME_MAX = 80
INVALID = 422
SURVEY_S = 0.5
"""So long the page looks for secrets that do not open; `check` looks longer."""
UNREADABLE_MOST = 100

routes = APIRouter()


@routes.get(paths.KEYS)
def keys(page: Operator, before: str = "") -> Response:
    """API keys by name and last use, and the form that makes one."""
    return _keys(page, before=before)


@routes.post(paths.KEYS)
def add_key(page: Operator, form: Posted) -> Response:
    """Make a key, which is shown once."""
    try:
        name, scope, reseller = _wanted(form)
        made = access.add_key(page.database, scope, reseller, name)
    except Invalid as error:
        return _keys(page, INVALID, form=form, wrong=wrong_of(error))
    return page.go(paths.KEYS, Notice("key_made", detail=made.key))


@routes.post(paths.KEYS + "/{uuid}/revoke")
def revoke(page: Operator, uuid: str) -> Response:
    """Let nobody call with a key any more."""
    gone = api_keys.revoke(page.database, uuid)
    return page.go(paths.KEYS, Notice("key_revoked", detail=gone.known_as))


@routes.get(paths.WORKERS)
def workers(page: Operator) -> Response:
    """Workers, partitions, what is late, and circuits that are open."""
    return page.html(
        "operator_health.html",
        fleet=fleet.look(page.database),
        conditions=page.site.house.conditions(),
        secrets=resealing.survey(
            page.database, page.box, most_s=SURVEY_S, unreadable_most=UNREADABLE_MOST
        ),
    )


def _wanted(form: Form) -> tuple[str, Scope, str | None]:
    name, scope = form.text("name"), form.text("scope")
    check_name(name, NAME_MAX)
    if scope not in set(Scope):
        raise Invalid.at("/scope", "choose what the key may do")
    if scope == Scope.PLATFORM:
        return name, Scope(scope), None
    if not form.text("reseller"):
        raise Invalid.at("/reseller", "choose the reseller that the key is for")
    return name, Scope(scope), form.text("reseller")


def _keys(
    page: Page,
    status: int = 200,
    *,
    before: str = "",
    form: Form | None = None,
    wrong: dict[str, str] | None = None,
) -> Response:
    search = choosing.searched(page, "search")
    found = api_keys.page(page.database, before=number_in(before), limit=ROWS + 1, search=search)
    rows, last = cut(found, ROWS)
    typed = form or Form({})
    return page.html(
        "operator_keys.html",
        status,
        rows=rows,
        next_page=paths.keys(search=search, before=last.id) if last else "",
        search=search,
        choices=choosing.of_resellers(page, typed.text("reseller")),
        names=choosing.names(page, (one.reseller_id for one in rows)),
        typed={name: typed.text(name) for name in ("name", "scope", "reseller")},
        wrong=wrong or {},
    )
