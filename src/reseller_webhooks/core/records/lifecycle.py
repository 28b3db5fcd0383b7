"""Stages of a record's life, by its status. The action rules refer to stages only."""

from enum import StrEnum
from typing import get_args

from reseller_webhooks.core.enums import Resource
from reseller_webhooks.core.records.app_assignment import AppAssignmentStatus
from reseller_webhooks.core.records.statuses import PENDING, SUSPENDED

INITIATED = "PENDING_REMOTE_CANCELLATION"
"""The status of an app assignment whose unassignment has begun."""

ENDINGS: dict[Resource, frozenset[str]] = {
    Resource.LEAD: frozenset({"DELETED"}),
    Resource.ORDER: frozenset({"DELETED"}),
    Resource.SUBSCRIPTION: frozenset({"CANCELLED"}),
    Resource.APP_ASSIGNMENT: frozenset({"CANCELLED"}),
}
"""Statuses that are a removal: the record that gets one is gone, and its content with it."""


class Stage(StrEnum):
    """Every record is gone or there; an app assignment can be there in several ways."""

    GONE = "gone"
    PENDING = "pending"
    THERE = "there"
    SUSPENDED = "suspended"
    FAILED = "failed"
    LEAVING = "leaving"


_OF_ASSIGNMENT: dict[str, Stage] = {
    **dict.fromkeys(PENDING, Stage.PENDING),
    "ACTIVE": Stage.THERE,
    **dict.fromkeys(SUSPENDED, Stage.SUSPENDED),
    "FAILED": Stage.FAILED,
    INITIATED: Stage.LEAVING,
}


def stage_of(resource: Resource, status: str | None) -> Stage:
    """The stage of a status. None: there is no record, or only its tombstone."""
    if status is None or status in ENDINGS.get(resource, ()):
        return Stage.GONE
    if resource is Resource.APP_ASSIGNMENT:
        return _OF_ASSIGNMENT[status]
    return Stage.THERE


def stages(resource: Resource) -> list[Stage]:
    """The stages that the resource's records can be at."""
    if resource is Resource.APP_ASSIGNMENT:
        return list(Stage)
    return [Stage.GONE, Stage.THERE]


def app_assignment_statuses(stage: Stage) -> list[str]:
    """The statuses of an app assignment that tell the stage, in AppDirect's sequence."""
    words = get_args(AppAssignmentStatus)
    return [word for word in words if stage_of(Resource.APP_ASSIGNMENT, word) is stage]
