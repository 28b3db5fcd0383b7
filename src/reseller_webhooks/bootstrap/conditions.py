"""Collects conditions from every part of the process; the one registry of their sources."""

from collections.abc import Callable, Iterable

import structlog

from reseller_webhooks.core.errors import Unavailable
from reseller_webhooks.core.health.conditions import Condition, ConditionCode, Severity
from reseller_webhooks.observability.outages import log_refusal

Source = Callable[[], Iterable[Condition]]
"""Returns current conditions from memory; it never waits."""

log = structlog.get_logger()


class Conditions:
    """The sources of one process. A part adds its own when it starts: `conditions.add(source)`."""

    def __init__(self) -> None:
        self._sources: list[Source] = []

    def add(self, source: Source) -> None:
        """Ask this source too from now on."""
        self._sources.append(source)

    def collect(self) -> list[Condition]:
        """Everything that is wrong at present; from memory, at once."""
        return [condition for source in self._sources for condition in ask(source)]


def ask(source: Source) -> list[Condition]:
    """A source's conditions; a source that fails is a condition itself."""
    try:
        return list(source())
    except Unavailable as error:
        log_refusal("the store was not checked", error)
        return [Condition(ConditionCode.STORE_UNAVAILABLE, Severity.NOT_READY)]
    except Exception as error:
        log.exception("a health check failed")
        params = {"error": type(error).__name__}
        return [Condition(ConditionCode.CHECK_FAILED, Severity.NOT_READY, params)]
