"""The effect of every change of a record on webhooks, as one table.

A change leads from one stage to another, or stays at one, and exactly one row of ROWS speaks
for it. docs/actions.md is `table_markdown()`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from reseller_webhooks.core.enums import Action, Resource
from reseller_webhooks.core.records.lifecycle import (
    ENDINGS,
    INITIATED,
    Stage,
    app_assignment_statuses,
    stage_of,
    stages,
)


@dataclass(frozen=True, slots=True)
class Decision:
    """The result of a change: one event, for the webhooks with an action of `ticked`.

    action: what the notification says. tombstone: nothing is left of the record but its id
    and version; otherwise it keeps its new content. words: what has happened, for people.
    """

    action: Action
    ticked: frozenset[Action]
    tombstone: bool
    words: str


@dataclass(frozen=True)
class ActionRule:
    """One line of the table. action: None when the change makes no event."""

    resources: frozenset[Resource]
    before: frozenset[Stage]
    after: frozenset[Stage]
    action: Action | None
    ticked: frozenset[Action]
    words: str

    @property
    def decision(self) -> Decision | None:
        """The row's answer."""
        if self.action is None:
            return None
        return Decision(self.action, self.ticked, Stage.GONE in self.after, self.words)


def _row(resources: set[Resource], before: str, after: str, told: str, words: str) -> ActionRule:
    """A row. told: the action, then a second box that is enough to have ticked."""
    actions = [Action(word) for word in told.split()]
    return ActionRule(
        frozenset(resources),
        frozenset(Stage(word) for word in before.split()),
        frozenset(Stage(word) for word in after.split()),
        actions[0] if actions else None,
        frozenset(actions),
        words,
    )


_ALL = set(Resource)
_APP = {Resource.APP_ASSIGNMENT}
_OTHERS = _ALL - _APP
_HELD = "pending there suspended failed"

# fmt: off
ROWS = (
    _row(_ALL, "gone", "gone", "", "Nothing was there and nothing is, so nobody is told."),
    _row(_OTHERS, "gone", "there", "ADDED", "It is there for the first time, or again."),
    _row(_OTHERS, "there", "there", "CHANGED", "Its content changes, its status included."),
    _row(_OTHERS, "there", "gone", "REMOVED", "It is removed, or gets a status that ends it."),
    _row(_APP, "gone", f"{_HELD} leaving", "ADDED",
         "The assignment is initiated, or seen for the first time."),
    _row(_APP, "pending failed", "there", "CHANGED ADDED",
         "The application is provisioned: the separate notification that Added promises."),
    _row(_APP, "pending", "pending", "CHANGED",
         "The assignment goes from one pending status to another, or its content changes."),
    _row(_APP, "pending there suspended", "failed", "CHANGED", "The assignment fails."),
    _row(_APP, "failed", "pending failed", "CHANGED",
         "The failed assignment is tried again, or its content changes."),
    _row(_APP, "there suspended", "pending", "CHANGED", "The assignment is pending again."),
    _row(_APP, _HELD, "suspended", "CHANGED",
         "The subscription is suspended, or the content changes while it is."),
    _row(_APP, "there suspended", "there", "CHANGED",
         "The content changes, or the subscription is no longer suspended."),
    _row(_APP, _HELD, "leaving", "REMOVED",
         "The unassignment is initiated. The record stays until it is completed."),
    _row(_APP, "leaving", _HELD, "CHANGED", "The unassignment fails."),
    _row(_APP, "leaving", "leaving", "CHANGED",
         "The content changes while the unassignment goes on."),
    _row(_APP, "leaving", "gone", "REMOVED",
         "The unassignment is completed: the separate notification that Deleted promises."),
    _row(_APP, _HELD, "gone", "REMOVED",
         "The assignment is removed, and its unassignment was never seen to be initiated."),
)
# fmt: on


REMOVED_THOUGH_UNKNOWN = Decision(
    Action.REMOVED,
    frozenset({Action.REMOVED}),
    tombstone=True,
    words="The store has no such record, but it may have lost one in a restore.",
)
"""For a record that the store does not hold, while receivers may hold it since before a restore."""


def decide(resource: Resource, before: str | None, after: str | None) -> Decision | None:
    """Decide the result of a change from status to status; None when it makes no event.

    None stands for no record, as a status. The statuses may be the same: then it is the rest
    of the content that differs. A record that is first seen with a status that ends it was
    never there for anybody, so nobody is told.
    """
    return _DECISIONS[resource, stage_of(resource, before), stage_of(resource, after)]


def remove_request(resource: Resource, status: str | None) -> str | None:
    """The status that a request to remove leads to; None when it removes the record.

    Unassigning an application takes the platform time, so the first request initiates it.
    """
    takes_time = {Stage.PENDING, Stage.THERE, Stage.SUSPENDED}
    if resource is Resource.APP_ASSIGNMENT and stage_of(resource, status) in takes_time:
        return INITIATED
    return None


def rows_for(resource: Resource, before: Stage, after: Stage) -> list[ActionRule]:
    """The rows that speak for a change: always one, which a test sees to."""
    return [
        row
        for row in ROWS
        if resource in row.resources and before in row.before and after in row.after
    ]


_DECISIONS = {
    (resource, before, after): rows_for(resource, before, after)[0].decision
    for resource in Resource
    for before, after in product(stages(resource), repeat=2)
}


def table_markdown() -> str:
    """The table as a page of the documentation."""
    return "\n".join((*_stages_markdown(), "", *_rows_markdown(), ""))


def _stages_markdown() -> Iterator[str]:
    yield "| stage | statuses of an App Assignment | statuses of the other resources |"
    yield "|---|---|---|"
    endings = "; ".join(
        f"{resource.label}: {_code(sorted(words))}"
        for resource, words in ENDINGS.items()
        if resource in _OTHERS
    )
    others = {Stage.GONE: f"no record; {endings}", Stage.THERE: "all others"}
    for stage in Stage:
        words = _code(app_assignment_statuses(stage))
        own = f"no record; {words}" if stage is Stage.GONE else words
        yield f"| {stage} | {own} | {others.get(stage, '')} |"


def _rows_markdown() -> Iterator[str]:
    yield "| resource | from | to | `resourceAction` | told if ticked | record | what happened |"
    yield "|---|---|---|---|---|---|---|"
    for row in ROWS:
        cells = (
            ", ".join(one.label for one in Resource if one in row.resources),
            ", ".join(stage for stage in Stage if stage in row.before),
            ", ".join(stage for stage in Stage if stage in row.after),
            f"`{row.action}`" if row.action else "none",
            " or ".join(one.label for one in Action if one in row.ticked) or "nobody",
            _left_of(row),
            row.words,
        )
        yield f"| {' | '.join(cells)} |"


def _left_of(row: ActionRule) -> str:
    if row.action is None:
        return "none"
    return "only id and version" if Stage.GONE in row.after else "stays"


def _code(words: list[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)
