"""The audit log: who changed which webhook, user or key, when and from where."""

from datetime import UTC, datetime

from fastapi import APIRouter
from starlette.responses import Response

from reseller_webhooks.clock import DAY, SECOND, Micros
from reseller_webhooks.operations import audit, resellers
from reseller_webhooks.store.audit import AuditQuery
from reseller_webhooks.web import choosing, paths
from reseller_webhooks.web.audit_words import SUBJECTS
from reseller_webhooks.web.page import Page
from reseller_webhooks.web.visiting import Operator

ROWS = 50
FILTERS = ("subject", "one", "who", "reseller", "from", "to")

routes = APIRouter()


@routes.get(paths.AUDIT)
def audit_log(page: Operator) -> Response:
    """The lines that the filters leave, newest first."""
    given = {name: page.request.query_params.get(name, "").strip() for name in FILTERS}
    rows = audit.page(page.database, _query(page, given))
    more = rows[ROWS - 1].id if len(rows) > ROWS else None
    return page.html(
        "audit.html",
        rows=rows[:ROWS],
        older=paths.audit(**given, before=more) if more else "",
        given=given,
        narrows=any(given.values()),
        offered=choosing.offered(page),
        subjects=SUBJECTS,
    )


def _query(page: Page, given: dict[str, str]) -> AuditQuery:
    before = page.request.query_params.get("before", "")
    is_number = before.isascii() and before.isdecimal() and len(before) < 19
    until, whose = _day(given["to"]), given["reseller"]
    return AuditQuery(
        reseller_id=resellers.get(page.database, whose).id if whose else None,
        subject=given["subject"] if given["subject"] in SUBJECTS else "",
        subject_uuid=given["one"],
        actor=given["who"],
        since=_day(given["from"]),
        until=None if until is None else until + DAY,
        behind=int(before) if is_number else None,
        limit=ROWS + 1,
    )


def _day(text: str) -> Micros | None:
    """When a day begins, in UTC; None for what is no day."""
    try:
        return int(datetime.fromisoformat(text[:10]).replace(tzinfo=UTC).timestamp()) * SECOND
    except (ValueError, OverflowError):
        return None
