"""The audit log: written in the transaction of the act itself, and read in pages."""

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, insert, select

from reseller_webhooks.clock import Micros
from reseller_webhooks.core.access.audit import Act, Actor, AuditLine, AuditQuery, Subject
from reseller_webhooks.store.db.database import Tx
from reseller_webhooks.store.tables import audit, reseller


def write(
    tx: Tx,
    act: Act,
    subject: Subject,
    details: Mapping[str, Any] | None = None,
    *,
    by: Actor | None = None,
) -> None:
    """A line about what this transaction does. details: what changed; never a secret.

    by: who does it, when it is not whoever the transaction is for. Whatever is worth a line counts
    towards the quotas of whoever the transaction is for: QuotaExceeded, and nothing is done.

    Written after the rows that it is about. The bucket of a quota is the last lock of every
    transaction, so that no two wait for each other, and it is held for the shortest time.
    """
    if tx.charge:
        tx.charge(tx, act)
    actor = by or tx.by
    row = {
        "at": tx.now,
        "reseller_id": subject.reseller_id,
        "act": act.value,
        "actor_kind": actor.kind.value,
        "actor": actor.name,
        "address": actor.address,
        "subject": act.subject,
        "subject_uuid": subject.uuid,
        "subject_name": subject.name,
        "details": json.dumps(details or {}, ensure_ascii=False),
    }
    tx.connection.execute(insert(audit).values(row))


def page(tx: Tx, query: AuditQuery) -> list[AuditLine]:
    """The lines, newest first."""
    c = audit.c
    statement = (
        select(
            *(c.id, c.at, reseller.c.name.label("reseller"), c.act, c.actor_kind, c.actor),
            *(c.address, c.subject, c.subject_uuid, c.subject_name, c.details),
        )
        .join_from(audit, reseller, c.reseller_id == reseller.c.id, isouter=True)
        .order_by(c.id.desc())
        .limit(query.limit)
    )
    for column, wanted in (
        (c.subject, query.subject),
        (c.subject_uuid, query.subject_uuid),
        (c.actor, query.actor),
        (c.reseller_id, query.reseller_id),
    ):
        statement = statement.where(column == wanted) if wanted else statement
    if query.since is not None:
        statement = statement.where(c.at >= query.since)
    if query.until is not None:
        statement = statement.where(c.at < query.until)
    if query.behind is not None:
        statement = statement.where(c.id < query.behind)
    rows = tx.connection.execute(statement).mappings()
    return [AuditLine(**{**row, "details": json.loads(row["details"])}) for row in rows]


def forget(tx: Tx, before: Micros, *, limit: int) -> int:
    """Drop lines older than an instant; how many were dropped, at most `limit`."""
    old = select(audit.c.id).where(audit.c.at < before).limit(limit)
    return tx.connection.execute(delete(audit).where(audit.c.id.in_(old))).rowcount
