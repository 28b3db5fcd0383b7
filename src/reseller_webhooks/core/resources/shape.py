"""What the records share: how a shape is read, and the objects that occur in several of them.

Fields stand in the order in which AppDirect sends them. Unknown ones are kept, behind the rest.
"""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler
from pydantic.alias_generators import to_camel
from pydantic_core import CoreSchema, core_schema


class Shape(BaseModel):
    """An object as AppDirect writes it. Strict: "10" is no number, and true is not 1."""

    model_config = ConfigDict(
        alias_generator=to_camel, extra="allow", strict=True, allow_inf_nan=False
    )


class RecordShape(Shape):
    """The outermost object of a resource.

    identity: the fields, as on the wire, that repeat the resource's own id.
    Fields that are not given come out as null or their default, but those that may be `LeftOut`.
    Objects further in keep exactly what was given.
    """

    identity: ClassVar[tuple[str, ...]]


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


T = TypeVar("T")
LEFT_OUT = "left out when not given"
LeftOut = Annotated[T | None, LEFT_OUT]
Number = Annotated[int | float, Field(union_mode="left_to_right"), Expected("a number")]
"""Keeps what it is: 10 stays 10 and 10.5 stays 10.5. Money is in major units."""
Id = Annotated[str | int, Field(union_mode="left_to_right"), Expected("a string or a whole number")]
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


class Pointer(Shape):
    """Names another resource and says where it is. AppDirect calls it LinkWS."""

    id: Id | None = None
    href: str | None = None


class Link(Shape):
    """Where to go from here, by relation."""

    rel: str | None = None
    href: str | None = None


class CustomAttribute(Shape):
    """A field that a marketplace added by itself."""

    name: str | None = None
    attribute_type: Literal["TEXT", "MULTISELECT"] | None = None
    label: str | None = None
    hint: str | None = None
    value: Json = None
    value_keys: list[str] | None = None
