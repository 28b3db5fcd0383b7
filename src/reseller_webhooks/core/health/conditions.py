"""Conditions: problems of a running process, as data. Their texts: condition_texts.py."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum


class Severity(IntEnum):
    """Severities; the highest decides the response of a health check."""

    DEGRADED = 1
    """An operator has to act, but callers are safe here: the process stays ready."""
    NOT_READY = 2
    """The process cannot work now, and recovers by itself once the cause is gone."""
    NOT_ALIVE = 3
    """Only a restart of the process mends it."""


class ConditionCode(StrEnum):
    """Codes of conditions. Each has a text in condition_texts.py, which names its params."""

    STORE_UNAVAILABLE = "store-unavailable"
    STORE_DAMAGED = "store-damaged"
    STORE_CHECK_OVERDUE = "store-check-overdue"
    TABLES_OUTDATED = "tables-outdated"
    NO_WORKERS = "no-workers"
    PARTITIONS_WITHOUT_OWNER = "partitions-without-owner"
    WORKER_PROCESSES_MISSING = "worker-processes-missing"
    STORE_NOT_POLLED = "store-not-polled"
    LEASES_NOT_RENEWED = "leases-not-renewed"
    RESULTS_HELD = "results-held"
    SECRETS_UNREADABLE = "secrets-unreadable"
    TASK_FAILING = "task-failing"
    TASK_ENDED = "task-ended"
    MAINTENANCE_OVERDUE = "maintenance-overdue"
    PARTITION_MISSING = "partition-missing"
    RIGHT_MISSING = "right-missing"
    FAN_OUT_LATE = "fan-out-late"
    TASK_STUCK = "task-stuck"
    CA_FILE_UNUSABLE = "ca-file-unusable"
    CLOCK_OFF_STORE = "clock-off-store"
    CLOCK_OFF_RECEIVERS = "clock-off-receivers"
    EMAIL_REFUSED = "email-refused"
    CHECK_FAILED = "check-failed"


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that is wrong. params: the values of its text."""

    code: ConditionCode
    severity: Severity
    params: Mapping[str, str | int] = field(default_factory=dict)


def worst(conditions: Iterable[Condition]) -> Severity | None:
    """The highest severity, or None when nothing is wrong."""
    return max((one.severity for one in conditions), default=None)
