"""The audit log: the settings of a webhook in it, and its pages."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from reseller_webhooks.core.access.audit import AuditLine, AuditQuery, Subject
from reseller_webhooks.core.webhooks.settings import SETTINGS
from reseller_webhooks.core.webhooks.webhook_row import WebhookRow
from reseller_webhooks.store.access import audit, memberships
from reseller_webhooks.store.db.database import Database

_SETTINGS = (*SETTINGS, "auth_type")
ENTERED_AGAIN = "entered again"


def page(database: Database, query: AuditQuery) -> list[AuditLine]:
    """The lines that were asked for, newest first."""
    with database.read() as tx:
        return audit.page(tx, query)


def own_page(database: Database, query: AuditQuery) -> list[AuditLine]:
    """As `page`, for the reseller of the query: actors that do not belong to it stay without a
    name."""
    whose = query.reseller_id
    if whose is None:
        raise ValueError("a reseller's own page is about one")
    with database.read() as tx:
        if query.actor and not memberships.belonging(tx, whose, [query.actor]):
            return []
        lines = audit.page(tx, query)
        known = memberships.belonging(tx, whose, {line.actor for line in lines})
    return [line if line.actor in known else replace(line, actor="", address="") for line in lines]


def webhook_subject(row: WebhookRow) -> Subject:
    """A webhook, as the log names it."""
    return Subject(row.uuid, row.url, row.reseller_id)


def settings_of(row: WebhookRow) -> Mapping[str, Any]:
    """The settings of a new webhook, without secrets."""
    return {name: _plain(getattr(row, name)) for name in ("resource", "actions", "auth_type")}


def changes(before: WebhookRow, after: WebhookRow, *, auth_given: bool) -> Mapping[str, Any]:
    """Changed settings as [before, after]; of secrets only that they were entered again."""
    found: dict[str, Any] = {}
    for name in _SETTINGS:
        old, new = _plain(getattr(before, name)), _plain(getattr(after, name))
        if old != new:
            found[name] = [old, new]
    if auth_given and after.auth_type != "NONE" and "auth_type" not in found:
        found["authentication"] = ENTERED_AGAIN
    return found


def _plain(value: object) -> Any:
    return sorted(str(one) for one in value) if isinstance(value, frozenset) else value
