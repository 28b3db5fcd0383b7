"""The removal of a rule: what the function that implements it does instead."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from tests.simulation.plan import Profile

Function = Callable[..., Any]
Replace = Callable[[Function], Function]
"""Takes the function that implements a rule, and returns one that works without the rule."""


@dataclass(frozen=True, slots=True)
class Removal:
    """profile: the kind of trouble that shows the rule most.

    beside: rules that hide the missing one, taken out together with it.
    """

    replace: Replace
    profile: Profile | None = None
    beside: Mapping[StrEnum, Replace] = field(default_factory=lambda: MappingProxyType({}))


def returning(result: Any) -> Replace:
    """A function that only returns a constant."""
    return lambda _: lambda *_, **__: result


def returning_later(result: Any) -> Replace:
    """The same for a coroutine function."""

    async def replacement(*_: Any) -> Any:
        return result

    return lambda _: replacement


def instead(replacement: Function) -> Replace:
    """A function that does not need the one that it replaces."""
    return lambda _: replacement
