"""The operator's pages: API keys, workers and partitions."""

from fastapi import APIRouter
from starlette.responses import Response

from reseller_webhooks.core.access.permissions import Scope
from reseller_webhooks.core.enums import number_in
from reseller_webhooks.core.errors import Invalid
from reseller_webhooks.core.messages.webhooks import CHOOSE_RESELLER_OF_KEY, CHOOSE_SCOPE
from reseller_webhooks.core.text_rules import check_name
from reseller_webhooks.http.pages import choosers, paths
from reseller_webhooks.http.pages.dependencies import Operator, PostedForm
from reseller_webhooks.http.pages.flash import Flash
from reseller_webhooks.http.pages.form import Form
from reseller_webhooks.http.pages.forms.webhook_fields import wrong_of
from reseller_webhooks.http.pages.page import Page
from reseller_webhooks.http.pages.paging import split_page
from reseller_webhooks.operations import api_keys, authentication, cluster, resealing

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
def add_key(page: Operator, form: PostedForm) -> Response:
    """Make a key, which is shown once."""
    try:
        name, scope, reseller = _key_fields(form)
        made = authentication.add_key(page.database, scope, reseller, name)
    except Invalid as error:
        return _keys(page, INVALID, form=form, wrong=wrong_of(error))
    return page.go(paths.KEYS, Flash("key_made", detail=made.key))


@routes.post(paths.KEYS + "/{uuid}/revoke")
def revoke(page: Operator, uuid: str) -> Response:
    """Revoke an API key."""
    gone = api_keys.revoke(page.database, uuid)
    return page.go(paths.KEYS, Flash("key_revoked", detail=gone.known_as))


@routes.get(paths.WORKERS)
def workers(page: Operator) -> Response:
    """Workers, partitions, overdue deliveries and open circuits."""
    return page.html(
        "operator_health.html",
        fleet=cluster.overview(page.database),
        conditions=page.site.context.conditions(),
        secrets=resealing.survey(
            page.database, page.box, most_s=SURVEY_S, unreadable_most=UNREADABLE_MOST
        ),
    )


def _key_fields(form: Form) -> tuple[str, Scope, str | None]:
    name, scope = form.text("name"), form.text("scope")
    check_name(name, NAME_MAX)
    if scope not in set(Scope):
        raise Invalid.at("/scope", CHOOSE_SCOPE())
    if scope == Scope.PLATFORM:
        return name, Scope(scope), None
    if not form.text("reseller"):
        raise Invalid.at("/reseller", CHOOSE_RESELLER_OF_KEY())
    return name, Scope(scope), form.text("reseller")


def _keys(
    page: Page,
    status: int = 200,
    *,
    before: str = "",
    form: Form | None = None,
    wrong: dict[str, str] | None = None,
) -> Response:
    search = choosers.searched(page, "search")
    found = api_keys.page(page.database, before=number_in(before), limit=ROWS + 1, search=search)
    rows, last = split_page(found, ROWS)
    typed = form or Form({})
    return page.html(
        "operator_keys.html",
        status,
        rows=rows,
        next_page=paths.keys(search=search, before=last.id) if last else "",
        search=search,
        choices=choosers.reseller_choices(page, typed.text("reseller")),
        names=choosers.names(page, (one.reseller_id for one in rows)),
        typed={name: typed.text(name) for name in ("name", "scope", "reseller")},
        wrong=wrong or {},
    )
