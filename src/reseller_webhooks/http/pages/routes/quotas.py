"""The operator's Quotas page: limits and use of each reseller."""

from collections.abc import Mapping
from functools import partial

from fastapi import APIRouter
from starlette.responses import Response

from reseller_webhooks.core.access.quotas import LIMIT_MAX, Quota, limit_in
from reseller_webhooks.core.enums import number_in
from reseller_webhooks.http.pages import choosers, language, paths
from reseller_webhooks.http.pages.dependencies import AtReseller, Operator, PostedForm
from reseller_webhooks.http.pages.flash import Flash
from reseller_webhooks.http.pages.form import Form
from reseller_webhooks.http.pages.labels.quota_labels import LABELS
from reseller_webhooks.http.pages.language import _
from reseller_webhooks.http.pages.page import Page
from reseller_webhooks.http.pages.paging import split_page
from reseller_webhooks.operations import quota_settings, resellers

ROWS = 50
INVALID = 422
ONE = paths.QUOTAS + "/{uuid}"

routes = APIRouter()


@routes.get(paths.QUOTAS)
def quotas(page: Operator, after: str = "", near: str = "") -> Response:
    """Use and limits of resellers, a page at a time.

    near: only those near a limit, the nearest first; then `after` counts rows.
    """
    search = choosers.searched(page, "search")
    quotas, number = page.site.context.quotas, number_in(after) or 0
    if near:
        found = quota_settings.near_limits(page.database, quotas, search=search)
        shown = found[number : number + ROWS]
        following = number + ROWS if len(found) > number + ROWS else 0
    else:
        owners, last = split_page(
            resellers.page(page.database, after=number, limit=ROWS + 1, search=search), ROWS
        )
        uses = quota_settings.uses(page.database, quotas, owners)
        shown = list(zip(owners, uses, strict=True))
        following = last.id if last else 0
    here = partial(paths.quota_list, search=search, near=near)
    return page.html(
        "quotas.html",
        rows=shown,
        next_page=here(after=following) if following else "",
        first_page=here() if number else "",
        search=search,
        near=near,
        labels=LABELS,
    )


@routes.get(ONE)
def quotas_of_one(page: Operator, uuid: str) -> Response:
    """The quotas of a reseller, and the form that sets them."""
    return _page(page, uuid)


@routes.post(ONE)
def change(page: Operator, uuid: str, form: PostedForm) -> Response:
    """Set limits; an empty field brings the default back."""
    typed = {quota: form.text(quota.value).strip() for quota in Quota}
    wanted = {quota: limit_in(language.without_grouping(text)) for quota, text in typed.items()}
    wrong = {quota: text for quota, text in typed.items() if text and wanted[quota] is None}
    if wrong:
        return _page(page, uuid, INVALID, form, wrong)
    context = page.site.context
    changed = quota_settings.change(page.database, context.quotas.defaults, uuid, wanted)
    context.quotas.refresh()
    return page.go(paths.quotas(uuid), Flash("quotas_changed", detail=changed.name))


@routes.get(paths.LIMITS)
def own_quotas(page: AtReseller) -> Response:
    """Show a reseller's users its quotas and their use."""
    assert page.reseller is not None, "AtReseller has one"  # noqa: S101
    _, uses = quota_settings.use(page.database, page.site.context.quotas, page.reseller.uuid)
    return page.html("limits.html", uses=uses, labels=LABELS)


def _page(
    page: Page,
    uuid: str,
    status: int = 200,
    form: Form | None = None,
    wrong: Mapping[Quota, str] | None = None,
) -> Response:
    reseller, uses = quota_settings.use(page.database, page.site.context.quotas, uuid)
    own = {one.quota: str(one.limit) if one.is_own else "" for one in uses.values()}
    remedy = _("Enter a whole number from 1 to %(most)s, or nothing for the default.")
    return page.html(
        "quotas_of_reseller.html",
        status,
        owner=reseller,
        uses=uses,
        names={quota.value: label for quota, label in LABELS.items()},
        typed={quota.value: form.text(quota.value) if form else own[quota] for quota in Quota},
        wrong={quota.value: remedy % {"most": language.number(LIMIT_MAX)} for quota in wrong or {}},
    )
