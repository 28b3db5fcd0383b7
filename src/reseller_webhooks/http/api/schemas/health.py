"""Health checks in the API."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Self

from reseller_webhooks.core.health.condition_texts import text_of
from reseller_webhooks.core.health.conditions import Condition, Severity, worst
from reseller_webhooks.http.api.schemas import Shape


class HealthStatus(StrEnum):
    """ok: nothing is wrong. degraded: an operator has to act, callers are safe."""

    OK = "ok"
    DEGRADED = "degraded"
    UNAVAILABLE = "unavailable"


class ConditionShape(Shape):
    """One thing that is wrong. code: for programs; text: for people; params: its values."""

    code: str
    severity: str
    text: str
    params: dict[str, str | int]

    @classmethod
    def from_condition(cls, condition: Condition) -> Self:
        """The condition with its English text."""
        return cls(
            code=condition.code,
            severity=condition.severity.name.lower().replace("_", "-"),
            text=text_of(condition),
            params=dict(condition.params),
        )


class HealthReport(Shape):
    """The state of this process. detail: the texts of all conditions in one line."""

    status: HealthStatus
    detail: str
    conditions: list[ConditionShape]

    @classmethod
    def from_conditions(cls, conditions: Sequence[Condition]) -> Self:
        """The report of these conditions."""
        shapes = [ConditionShape.from_condition(one) for one in conditions]
        detail = "; ".join(shape.text for shape in shapes)
        return cls(status=_status(worst(conditions)), detail=detail, conditions=shapes)


def _status(severity: Severity | None) -> HealthStatus:
    if severity is None:
        return HealthStatus.OK
    is_degraded = severity is Severity.DEGRADED
    return HealthStatus.DEGRADED if is_degraded else HealthStatus.UNAVAILABLE
