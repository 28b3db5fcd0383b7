"""Parts that several records share: how a shape is read, and common objects.

Shapes are typed dictionaries, so that checking one makes the dictionary that is written, in one
go. Fields stand in the order in which AppDirect sends them; unknown ones are kept behind the rest.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import (
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    TypeAdapter,
)
from pydantic_core import CoreSchema, core_schema
from typing_extensions import TypedDict

from reseller_webhooks.core.json_input import WrittenNumber

# Strict: "10" is no number, and true is not 1.
SHAPE = ConfigDict(strict=True, extra="allow", allow_inf_nan=False)


@dataclass(frozen=True)
class RecordShape:
    """The shape of a resource's content.

    model: a typed dictionary. identity: the fields that repeat the resource's own id.
    left_out: fields that are not there when they are not given; all others then are, as null
    or by their default. Objects further in keep exactly the fields that were given.
    """

    model: Any
    identity: tuple[str, ...]
    left_out: frozenset[str] = frozenset()
    defaults: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def blank(self) -> dict[str, Any]:
        """The fields that are always there, as they are when nothing is given."""
        names = self.model.__required_keys__ | self.model.__optional_keys__
        return {name: self.defaults.get(name) for name in names - self.left_out}

    @cached_property
    def adapter(self) -> TypeAdapter[dict[str, Any]]:
        """The type adapter that checks it; built once."""
        return TypeAdapter(self.model)


@dataclass(frozen=True)
class Expected:
    """One error for a whole union, where pydantic would name each member that did not fit."""

    words: str

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.custom_error_schema(
            handler(source), "expected", custom_error_message=self.words
        )


class AsWritten:
    """Keeps numbers of a JSON text that are to be written again as they were."""

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        plain = handler(source)
        written = core_schema.is_instance_schema(WrittenNumber)
        either = core_schema.union_schema([written, plain], mode="left_to_right")
        return core_schema.json_or_python_schema(json_schema=plain, python_schema=either)


_IN_TURN = Field(union_mode="left_to_right")  # The members exclude each other, so the first fits.

Number = Annotated[int | float, _IN_TURN, AsWritten(), Expected("a number")]
"""A number as it was given: 10 stays 10 and 10.50 stays 10.50. Money is in major units."""
Id = Annotated[str | int, _IN_TURN, Expected("text or a whole number")]
Millis = int
"""An instant: milliseconds since 1970, UTC."""
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
Name = Annotated[str, Field(min_length=1)]
Json = Any
"""Null in every payload seen, so its shape is not known; it is kept as it comes."""

Frequency = Literal[
    "ONE_TIME",
    "MONTHLY",
    "QUARTERLY",
    "SIX_MONTHS",
    "YEARLY",
    "TWO_YEARS",
    "THREE_YEARS",
    "DAILY",
]


class Pointer(TypedDict, total=False):
    """Names another resource and says where it is. AppDirect calls it LinkWS."""

    id: Id | None
    href: str | None


class Link(TypedDict, total=False):
    """A link, by relation."""

    rel: str | None
    href: str | None


class CustomAttribute(TypedDict, total=False):
    """A field that a marketplace defined itself."""

    name: str | None
    attributeType: Literal["TEXT", "MULTISELECT"] | None
    label: str | None
    hint: str | None
    value: Json
    valueKeys: list[str] | None
