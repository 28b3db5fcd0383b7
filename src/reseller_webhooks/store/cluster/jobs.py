"""Background jobs: who may work on one, how far it is, and the list of them.

A process claims a job for a while, and its number of that claim is in the condition of every
write: a process that was away for longer changes nothing. A backfill is in the list too, though
it keeps its own table, which the version before works on.
"""

from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, func, insert, select, tuple_, update

from reseller_webhooks.clock import Micros
from reseller_webhooks.core.access.audit import Act, Actor, ActorKind
from reseller_webhooks.core.jobs import (
    RUNNING_MAX,
    Job,
    JobKind,
    JobPosition,
    JobState,
    ListPosition,
    from_backfill,
    list_position,
)
from reseller_webhooks.store.db.database import Tx
from reseller_webhooks.store.tables import audit, backfill, job, webhook
from reseller_webhooks.store.webhooks import backfills


def add(tx: Tx, new: Job) -> Job:
    """Write a new job down; the same with its number."""
    statement = insert(job).values(_columns(new)).returning(job.c.id)
    return replace(new, id=tx.connection.execute(statement).scalar_one())


def unfinished(tx: Tx, reseller_id: int) -> int:
    """Number of a reseller's unfinished jobs."""
    statement = select(func.count()).where(job.c.reseller_id == reseller_id, _IS_UNFINISHED)
    return tx.connection.execute(statement).scalar_one()


def is_due(tx: Tx) -> bool:
    """True if a job can be claimed now."""
    return tx.connection.execute(select(job.c.id).where(*_due(tx.now)).limit(1)).first() is not None


def claim(tx: Tx, until: Micros) -> Job | None:
    """Claim the due job that has waited longest, until an instant."""
    statement = (
        select(job)
        .where(*_due(tx.now))
        .order_by(job.c.next_at, job.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    row = tx.connection.execute(statement).mappings().first()
    if row is None:
        return None
    found = replace(_job(row), claim=row["claim"] + 1, state=JobState.RUNNING, next_at=until)
    written = _columns(found)
    tx.connection.execute(update(job).where(job.c.id == found.id).values(written))
    return found


def lock(tx: Tx, claimed: Job) -> bool:
    """Hold the job's row until the commit; False when it was cancelled or claimed anew."""
    statement = select(job.c.id).where(*_is_ours(claimed)).with_for_update()
    return tx.connection.execute(statement).first() is not None


def write(tx: Tx, claimed: Job) -> bool:
    """Note how far a claimed job is; False when it was cancelled or claimed anew."""
    statement = update(job).where(*_is_ours(claimed)).values(_columns(claimed))
    return tx.connection.execute(statement).rowcount > 0


def cancel(tx: Tx, job_id: int) -> bool:
    """Finish a job as cancelled; False when it was finished."""
    statement = (
        update(job)
        .where(job.c.id == job_id, _IS_UNFINISHED)
        .values(state=JobState.CANCELLED.value, finished_at=tx.now)
    )
    return tx.connection.execute(statement).rowcount > 0


def by_uuid(tx: Tx, uuid: str, *, reseller_id: int) -> Job | None:
    """The reseller's job with that id; a webhook's id is that of its newest backfill."""
    statement = select(job).where(job.c.uuid == uuid, job.c.reseller_id == reseller_id, _IS_KNOWN)
    row = tx.connection.execute(statement).mappings().first()
    if row:
        return _job(row)
    found = _backfills(tx, reseller_id, [webhook.c.uuid == uuid], limit=1)
    return found[0] if found else None


def page(
    tx: Tx,
    reseller_id: int | None,
    *,
    webhook_id: int | None = None,
    behind: ListPosition | None = None,
    is_unfinished: bool = False,
    limit: int,
) -> list[Job]:
    """A reseller's jobs, or those of all for None, newest first.

    webhook_id: only those about one webhook. is_unfinished: only those that are not finished.
    """
    wanted: list[ColumnElement[bool]] = [_IS_KNOWN]
    if reseller_id is not None:
        wanted.append(job.c.reseller_id == reseller_id)
    if is_unfinished:
        wanted.append(_IS_UNFINISHED)
    if webhook_id is not None:
        wanted.append(job.c.webhook_id == webhook_id)
    if behind is not None:
        wanted.append(tuple_(job.c.created_at, 1, job.c.id) < behind)
    newest_first = (job.c.created_at.desc(), job.c.id.desc())
    statement = select(job).where(*wanted).order_by(*newest_first).limit(limit)
    found = [_job(row) for row in tx.connection.execute(statement).mappings()]
    found += _page_of_backfills(tx, reseller_id, webhook_id, behind, is_unfinished, limit)
    return sorted(found, key=list_position, reverse=True)[:limit]


_AS_STORED = (
    *("uuid", "reseller_id", "webhook_id", "created_at", "since", "until", "total", "handled"),
    *("made", "claim", "failures", "reason", "next_at", "finished_at"),
)
# The version after may know of other kinds, and its processes take their steps.
_IS_KNOWN = job.c.kind.in_([kind.value for kind in JobKind])
_IS_UNFINISHED = job.c.finished_at.is_(None)


def _due(now: Micros) -> tuple[ColumnElement[bool], ...]:
    older = job.alias("older")
    before = (
        select(func.count())
        .where(
            older.c.reseller_id == job.c.reseller_id,
            older.c.finished_at.is_(None),
            older.c.id < job.c.id,
        )
        .scalar_subquery()
    )
    return _IS_UNFINISHED, _IS_KNOWN, job.c.next_at <= now, before < RUNNING_MAX


def _is_ours(claimed: Job) -> tuple[ColumnElement[bool], ...]:
    return job.c.id == claimed.id, job.c.claim == claimed.claim, _IS_UNFINISHED


def _page_of_backfills(  # noqa: PLR0917
    tx: Tx,
    reseller_id: int | None,
    webhook_id: int | None,
    behind: ListPosition | None,
    is_unfinished: bool,
    limit: int,
) -> list[Job]:
    wanted: list[ColumnElement[bool]] = []
    if is_unfinished:
        wanted.append(backfill.c.finished_at.is_(None))
    if webhook_id is not None:
        wanted.append(backfill.c.webhook_id == webhook_id)
    if behind is not None:
        wanted.append(tuple_(backfill.c.started_at, 0, backfill.c.webhook_id) < behind)
    return _backfills(tx, reseller_id, wanted, limit=limit)


def _backfills(
    tx: Tx, reseller_id: int | None, wanted: list[ColumnElement[bool]], *, limit: int
) -> list[Job]:
    if reseller_id is not None:
        wanted = [*wanted, webhook.c.reseller_id == reseller_id]
    statement = (
        select(backfill, webhook.c.uuid.label("webhook_uuid"), webhook.c.reseller_id)
        .join_from(backfill, webhook)
        .where(*wanted)
        .order_by(backfill.c.started_at.desc(), backfill.c.webhook_id.desc())
        .limit(limit)
    )
    rows = tx.connection.execute(statement).mappings().all()
    beginners = _beginners(tx, [row["webhook_uuid"] for row in rows])
    return [
        from_backfill(
            backfills.from_row(row),
            row["webhook_uuid"],
            row["reseller_id"],
            beginners.get(row["webhook_uuid"], Actor(ActorKind.PROGRAM)),
        )
        for row in rows
    ]


def _beginners(tx: Tx, uuids: list[str]) -> dict[str, Actor]:
    """The actor that began each webhook's newest backfill, from the audit log."""
    if not uuids:
        return {}
    newest = (
        select(func.max(audit.c.id))
        .where(audit.c.subject_uuid.in_(uuids), audit.c.act == Act.WEBHOOK_BACKFILL_BEGUN.value)
        .group_by(audit.c.subject_uuid)
    )
    named = select(audit.c.subject_uuid, audit.c.actor_kind, audit.c.actor)
    rows = tx.connection.execute(named.where(audit.c.id.in_(newest)))
    return {uuid: Actor(ActorKind(kind), name) for uuid, kind, name in rows}


def _columns(one: Job) -> dict[str, Any]:
    at, number = (
        (one.position.created_at, one.position.delivery_id) if one.position else (None,) * 2
    )
    return {
        **{name: getattr(one, name) for name in _AS_STORED},
        "kind": one.kind.value,
        "state": one.state.value,
        "actor_kind": one.by.kind.value,
        "actor": one.by.name,
        "position_at": at,
        "position_id": number,
    }


def _job(row: RowMapping) -> Job:
    at, number = row["position_at"], row["position_id"]
    return Job(
        id=row["id"],
        **{name: row[name] for name in _AS_STORED},
        kind=JobKind(row["kind"]),
        state=JobState(row["state"]),
        by=Actor(ActorKind(row["actor_kind"]), row["actor"]),
        position=None if at is None else JobPosition(at, number),
    )
