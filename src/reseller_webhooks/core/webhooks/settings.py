"""The table of a webhook's settings: type, bounds, default and texts of each.

Everything that lists settings reads this table: the API's requests and answers, the row and its
columns, the form, and the audit log.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import Annotated, Any, TypeVar, get_args, get_type_hints

from pydantic import BaseModel, Field, create_model
from pydantic.alias_generators import to_camel

from reseller_webhooks.core.enums import Action, Resource
from reseller_webhooks.core.rules import Rule, implements
from reseller_webhooks.core.translation import N_

RATE_MIN = 0.001
"""One request in a quarter of an hour; less would only look like a pause."""
RATE_MAX = 100_000
MAX_IN_FLIGHT = 1000
"""A webhook's own limit of requests at once can be no higher than this."""


class Mode(StrEnum):
    """Deliveries after an outage: every notification, or one per resource."""

    EVERY_CHANGE = "EVERY_CHANGE"
    LATEST_STATE = "LATEST_STATE"


class Format(StrEnum):
    """Formats of a notification: as AppDirect sends it, or inside a CloudEvent."""

    NOTIFICATION = "NOTIFICATION"
    CLOUDEVENTS = "CLOUDEVENTS"


class FormSection(StrEnum):
    """The part of the form that a setting stands in."""

    TARGET = "target"
    DELIVERY = "delivery"


class Kind(StrEnum):
    """Kinds of settings, which decide column and form field."""

    TEXT = "text"
    CHOICE = "choice"
    ACTIONS = "actions"
    FLAG = "flag"
    WHOLE_NUMBER = "whole number"
    NUMBER = "number"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting. Its name, type and default are those of its field in WebhookSettings.

    label: in the form. audit_label: in the audit log, if it is called otherwise there.
    audit_values: what the audit log calls its values. advice: what to enter instead of a wrong
    value. description: in the API's answers. minimum, maximum: of a number, included.
    has_column_default: its column came later than the table, so the version before adds rows
    without it; True for every new setting that may not be None.
    """

    label: str
    advice: str = ""
    section: FormSection = FormSection.DELIVERY
    audit_label: str = ""
    audit_values: Mapping[str, str] = field(default_factory=dict)
    description: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    has_column_default: bool = False
    name: str = ""
    type: Any = None
    default: Any = None

    @property
    def api_name(self) -> str:
        """Its name in the API's JSON and in the form."""
        return to_camel(self.name)

    @property
    def texts(self) -> set[str]:
        """Its texts that pages show, translated."""
        return {self.label, self.advice, self.audit_label, *self.audit_values.values()} - {""}

    @property
    def is_optional(self) -> bool:
        """True if None is a value of the setting."""
        return type(None) in get_args(self.type)

    @property
    def value_type(self) -> Any:
        """The type of its values other than None."""
        return get_args(self.type)[0] if self.is_optional else self.type

    @property
    def kind(self) -> Kind:
        """The kind of the setting."""
        if isinstance(self.value_type, type) and issubclass(self.value_type, StrEnum):
            return Kind.CHOICE
        return _KINDS[self.value_type]

    @property
    def request_type(self) -> Any:
        """The type with its bounds, as a request is validated."""
        return Annotated[self.type, Field(ge=self.minimum, le=self.maximum)]


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSettings:
    """The settings of a webhook. Authentication stands apart: its secrets are sealed."""

    url: Annotated[
        str,
        Setting(
            label=N_("URL"),
            advice=N_("Enter the HTTPS address that notifications are sent to."),
            section=FormSection.TARGET,
        ),
    ]
    resource: Annotated[
        Resource,
        Setting(
            label=N_("Resource"),
            advice=N_("Select a resource."),
            section=FormSection.TARGET,
        ),
    ]
    actions: Annotated[
        frozenset[Action],
        Setting(
            label=N_("Action"),
            advice=N_("Tick at least one action."),
            section=FormSection.TARGET,
        ),
    ]
    format: Annotated[
        Format,
        Setting(
            label=N_("Format"),
            advice=N_("Choose one of the two."),
            description="AppDirect's notification, or a CloudEvent 1.0 that holds it.",
            has_column_default=True,
        ),
    ] = Format.NOTIFICATION
    mode: Annotated[
        Mode,
        Setting(
            label=N_("After an outage"),
            advice=N_("Choose one of the two."),
            audit_values={
                Mode.EVERY_CHANGE: N_("every change"),
                Mode.LATEST_STATE: N_("the latest state"),
            },
        ),
    ] = Mode.EVERY_CHANGE
    ordered: Annotated[bool, Setting(label=N_("Order of changes"), audit_label=N_("In order"))] = (
        False
    )
    max_in_flight: Annotated[
        int,
        Setting(
            label=N_("Requests at once"),
            advice=N_("Enter a whole number from 1 to 1000."),
            minimum=1,
            maximum=MAX_IN_FLIGHT,
        ),
    ] = 10
    rate_per_second: Annotated[
        float | None,
        Setting(
            label=N_("Requests per second"),
            advice=N_("Enter a number above 0 and up to 100000, or nothing for no limit."),
            minimum=RATE_MIN,
            maximum=RATE_MAX,
        ),
    ] = None
    """None for no limit."""

    @property
    def latest_only(self) -> bool:
        """True if a newer delivery replaces an older delivery of the same resource."""
        return self.mode is Mode.LATEST_STATE

    @property
    @implements(Rule.SERIAL)
    def is_serial(self) -> bool:
        """True if requests of a resource are sent one at a time."""
        return self.ordered or self.latest_only


_KINDS: Mapping[Any, Kind] = {
    str: Kind.TEXT,
    frozenset[Action]: Kind.ACTIONS,
    bool: Kind.FLAG,
    int: Kind.WHOLE_NUMBER,
    float: Kind.NUMBER,
}


def _table() -> Mapping[str, Setting]:
    hints = get_type_hints(WebhookSettings, include_extras=True)
    rows: dict[str, Setting] = {}
    for each in fields(WebhookSettings):
        type_, setting = get_args(hints[each.name])
        rows[each.name] = replace(setting, name=each.name, type=type_, default=each.default)
    return rows


SETTINGS = _table()
"""Every setting by its name, in the form's order."""
TARGET = [each for each in SETTINGS.values() if each.section is FormSection.TARGET]
DELIVERY = [each for each in SETTINGS.values() if each.section is FormSection.DELIVERY]


def values_of(settings: WebhookSettings) -> dict[str, Any]:
    """Its settings by name, without what else it holds."""
    return {name: getattr(settings, name) for name in SETTINGS}


class Unset(StrEnum):
    """The value of a setting that a patch does not name."""

    UNSET = "UNSET"


def unset() -> Any:
    """The default of a patch's field. It is not a value of the setting, and no schema states it."""
    return Field(default_factory=lambda: Unset.UNSET)


M = TypeVar("M", bound=BaseModel)


def with_delivery_settings(model: type[M]) -> type[M]:
    """Add the delivery settings, with bounds and defaults, to a model of a request."""
    return _extended(model, {each.name: (each.request_type, each.default) for each in DELIVERY})


def with_delivery_patches(model: type[M]) -> type[M]:
    """Add the delivery settings, each of which may be left out, to a model of a patch."""
    return _extended(model, {each.name: (each.request_type, unset()) for each in DELIVERY})


def with_shown_delivery_settings(model: type[M]) -> type[M]:
    """Add the delivery settings to a model of an answer."""
    shown = {each.name: (each.type, Field(description=each.description)) for each in DELIVERY}
    return _extended(model, shown)


def _extended(model: type[M], settings: Mapping[str, Any]) -> type[M]:
    return create_model(
        model.__name__,
        __base__=model,
        __doc__=model.__doc__,
        __module__=model.__module__,
        **settings,
    )
