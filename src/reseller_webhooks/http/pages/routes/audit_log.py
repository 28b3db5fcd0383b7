"""The audit log: who changed which webhook, user or key, when and from where."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from fastapi import APIRouter
from starlette.responses import Response

from reseller_webhooks.clock import DAY, SECOND, Micros
from reseller_webhooks.core.access.audit import AuditLine, AuditQuery
from reseller_webhooks.core.enums import number_in
from reseller_webhooks.http.pages import choosers, paths
from reseller_webhooks.http.pages.choosers import Choices
from reseller_webhooks.http.pages.dependencies import AuditReader, Operator
from reseller_webhooks.http.pages.labels.audit_labels import SUBJECTS
from reseller_webhooks.http.pages.page import Page
from reseller_webhooks.http.pages.paging import split_page
from reseller_webhooks.operations import audit, resellers

ROWS = 50
FILTERS = ("subject", "one", "who", "reseller", "from", "to")

routes = APIRouter()


@routes.get(paths.AUDIT)
def audit_log(page: Operator) -> Response:
    """The lines that the filters leave, newest first."""
    given = _filters(page)
    whose = resellers.get(page.database, given["reseller"]).id if given["reseller"] else None
    rows = audit.page(page.database, _query(page, given, whose))
    choices = choosers.reseller_choices(page, given["reseller"])
    return _html(page, rows, given, paths.audit, choices=choices)


@routes.get(paths.HISTORY)
def history(page: AuditReader) -> Response:
    """The same of one reseller, for its admins."""
    given = _filters(page) | {"reseller": ""}
    rows = audit.own_page(page.database, _query(page, given, page.tenant))
    return _html(page, rows, given, paths.history)


def _filters(page: Page) -> dict[str, str]:
    return {name: page.request.query_params.get(name, "").strip() for name in FILTERS}


def _html(
    page: Page,
    rows: Sequence[AuditLine],
    given: Mapping[str, str],
    at: Callable[..., str],
    choices: Choices | None = None,
) -> Response:
    shown, last = split_page(rows, ROWS)
    return page.html(
        "audit.html",
        rows=shown,
        at=at,
        older=at(**given, before=last.id) if last else "",
        given=given,
        narrows=any(given.values()),
        choices=choices,
        subjects=SUBJECTS,
    )


def _query(page: Page, given: Mapping[str, str], whose: int | None) -> AuditQuery:
    until = _day(given["to"])
    return AuditQuery(
        reseller_id=whose,
        subject=given["subject"] if given["subject"] in SUBJECTS else "",
        subject_uuid=given["one"],
        actor=given["who"],
        since=_day(given["from"]),
        until=None if until is None else until + DAY,
        behind=number_in(page.request.query_params.get("before", "")),
        limit=ROWS + 1,
    )


def _day(text: str) -> Micros | None:
    """The start of a day in UTC; None for a text that is not a day."""
    try:
        return int(datetime.fromisoformat(text[:10]).replace(tzinfo=UTC).timestamp()) * SECOND
    except (ValueError, OverflowError):
        return None
