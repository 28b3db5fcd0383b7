"""What each reseller may use, and uses: the operator sees it and sets other limits."""

from collections.abc import Mapping
from functools import partial

from fastapi import APIRouter
from starlette.responses import Response

from reseller_webhooks.core.names import number_in
from reseller_webhooks.core.quotas import LIMIT_MAX, Quota, limit_in
from reseller_webhooks.operations import quota_settings, resellers
from reseller_webhooks.web import choosing, language, paths
from reseller_webhooks.web.form import Form
from reseller_webhooks.web.language import _
from reseller_webhooks.web.notices import Notice
from reseller_webhooks.web.page import Page
from reseller_webhooks.web.paging import cut
from reseller_webhooks.web.quota_words import LABELS
from reseller_webhooks.web.visiting import AtReseller, Operator, Posted

ROWS = 50
INVALID = 422
ONE = paths.QUOTAS + "/{uuid}"

routes = APIRouter()


@routes.get(paths.QUOTAS)
def quotas(page: Operator, after: str = "", near: str = "") -> Response:
    """What resellers use beside their limits, a page of them at a time.

    near: only those near a limit, the nearest first; then `after` counts rows.
    """
    search = choosing.searched(page, "search")
    quotas, number = page.site.house.quotas, number_in(after) or 0
    if near:
        found = quota_settings.near_limits(page.database, quotas, search=search)
        shown = found[number : number + ROWS]
        following = number + ROWS if len(found) > number + ROWS else 0
    else:
        owners, last = cut(
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
def change(page: Operator, uuid: str, form: Posted) -> Response:
    """Set limits; an empty field brings the default back."""
    typed = {quota: form.text(quota.value).strip() for quota in Quota}
    wanted = {quota: limit_in(text) for quota, text in typed.items()}
    wrong = {quota: text for quota, text in typed.items() if text and wanted[quota] is None}
    if wrong:
        return _page(page, uuid, INVALID, form, wrong)
    house = page.site.house
    changed = quota_settings.change(page.database, house.quotas.defaults, uuid, wanted)
    house.quotas.refresh()
    return page.go(paths.quotas(uuid), Notice("quotas_changed", detail=changed.name))


@routes.get(paths.LIMITS)
def own_quotas(page: AtReseller) -> Response:
    """The reseller's own limits and their use, for its people to read."""
    assert page.reseller is not None, "AtReseller has one"  # noqa: S101
    _, uses = quota_settings.use(page.database, page.site.house.quotas, page.reseller.uuid)
    return page.html("limits.html", uses=uses, labels=LABELS)


def _page(
    page: Page,
    uuid: str,
    status: int = 200,
    form: Form | None = None,
    wrong: Mapping[Quota, str] | None = None,
) -> Response:
    reseller, uses = quota_settings.use(page.database, page.site.house.quotas, uuid)
    own = {one.quota: str(one.limit) if one.is_own else "" for one in uses.values()}
    remedy = _("Give a whole number from 1 to %(most)s, or nothing for the default.")
    return page.html(
        "quotas_of_reseller.html",
        status,
        owner=reseller,
        uses=uses,
        names={quota.value: label for quota, label in LABELS.items()},
        typed={quota.value: form.text(quota.value) if form else own[quota] for quota in Quota},
        wrong={quota.value: remedy % {"most": language.number(LIMIT_MAX)} for quota in wrong or {}},
    )
