"""A backfill: the current state of every record that a webhook is about, sent at a set rate.

Owns what is sent for a record, and when a backfill cannot begin or go on.
"""

from dataclasses import dataclass
from enum import StrEnum

from reseller_webhooks.core.enums import Action, Resource
from reseller_webhooks.core.errors import Invalid
from reseller_webhooks.core.messages import Message
from reseller_webhooks.core.messages.attempts import WEBHOOK_DELETED
from reseller_webhooks.core.messages.webhooks import (
    BACKFILL_LOST_ACTIONS,
    BACKFILL_OF_OTHER_RESOURCE,
    BACKFILL_WITHOUT_ACTION,
    BACKFILL_WITHOUT_DELETED,
)
from reseller_webhooks.core.records import events, path
from reseller_webhooks.core.records.changes import EventContext
from reseller_webhooks.core.records.events import Event
from reseller_webhooks.core.records.lifecycle import Stage, stage_of
from reseller_webhooks.core.records.record import Record

RATE = 50
"""Records a second by default."""
RATE_MAX = 1_000
STEP_MIN, STEP_MAX = 50, 1_000
"""Records in one step, which is one transaction and must not hold up the others for long."""
AHEAD_S = 2
"""So many seconds' worth may wait to be sent; then nothing is added, so that no queue grows."""
AHEAD_MIN = 100
"""Fewer than these never hold a backfill back: a slow one need not wait for a quiet moment."""


class BackfillState(StrEnum):
    """States of a backfill. DONE: all deliveries were made. CANCELLED: by a person, or see
    `reason`."""

    RUNNING = "RUNNING"
    DONE = "DONE"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True)
class Backfill:
    """A webhook's newest backfill. Instants are microseconds UTC.

    rate: records a second. with_removed: whether tombstones are sent too. total: how many
    records there were to send when it began. passed and last: the store's numbers of the
    record it has come to and of the one it ends with. message: why it ended by itself.
    """

    webhook_id: int
    resource: Resource
    state: BackfillState
    rate: int
    with_removed: bool
    total: int
    sent: int
    passed: int
    last: int
    started_at: int
    next_at: int
    finished_at: int | None
    message: Message | None = None

    def step(self, limit: int) -> int:
        """Records of one step: those of a second, at most `limit`."""
        return min(self.rate, limit)

    @property
    def ahead_max(self) -> int:
        """With so many of the webhook's deliveries due, it waits."""
        return max(AHEAD_MIN, AHEAD_S * self.rate)


@dataclass(frozen=True, slots=True)
class BackfillTarget:
    """The webhook's settings that a step needs."""

    reseller_id: int
    part: int
    resource: Resource
    actions: frozenset[Action]
    deleted: bool


def is_included(actions: frozenset[Action]) -> bool:
    """True if the webhook has an action that the notifications can carry."""
    return _action(actions) is not None


def check(actions: frozenset[Action], *, with_removed: bool) -> None:
    """Invalid when the webhook has not ticked what the notifications would say."""
    if not is_included(actions):
        raise Invalid.at("", BACKFILL_WITHOUT_ACTION())
    if with_removed and Action.REMOVED not in actions:
        raise Invalid.at("/removed", BACKFILL_WITHOUT_DELETED())


def ending(backfill: Backfill, target: BackfillTarget) -> Message | None:
    """The reason why a backfill cannot go on; None if it can."""
    if target.deleted:
        return WEBHOOK_DELETED()
    if target.resource is not backfill.resource:
        return BACKFILL_OF_OTHER_RESOURCE(resource=target.resource.label)
    if not is_included(target.actions):
        return BACKFILL_LOST_ACTIONS()
    return None


def restate(
    record: Record, actions: frozenset[Action], stamp: EventContext, *, with_removed: bool
) -> Event | None:
    """An event that sends a record's state again; None when it is not for the webhook.

    An app assignment that is leaving counts as removed, as its receivers were told already.
    It has an id of its own, because a receiver that remembers ids has to take it, but the
    record's version and the time of its last change, because nothing has changed. Nobody is
    told of it by fan-out, so no box is in `ticked`; that also marks it.
    """
    gone = record.removed or stage_of(record.resource, record.status) is Stage.LEAVING
    action = Action.REMOVED if gone else _action(actions)
    if action is None or action not in actions or (gone and not with_removed):
        return None
    return Event(
        uuid=stamp.event,
        reseller_id=record.reseller_id,
        resource=record.resource,
        resource_uuid=record.uuid,
        action=action,
        ticked=frozenset(),
        version=record.version,
        changed_at=stamp.at,
        body=_body(record, action, stamp),
    )


def _action(actions: frozenset[Action]) -> Action | None:
    """CHANGED if ticked: a receiver overwrites its copy with the content."""
    return next((one for one in (Action.CHANGED, Action.ADDED) if one in actions), None)


def _body(record: Record, action: Action, stamp: EventContext) -> str:
    at, version = record.changed_at, record.version
    if action is Action.REMOVED or record.content is None:
        return events.body_without_content(
            stamp.event, at, record.resource, uuid=record.uuid, version=version
        )
    url = stamp.public_url + path(record.resource, record.uuid, record.parent, record.alias)
    resource = events.resource_json(record.resource, record.uuid, url, record.content)
    fields: list[str] | None = [] if action is Action.CHANGED else None
    return events.body_with_content(
        stamp.event, at, resource, version=version, changed_fields=fields
    )
