"""Schemas of the API's JSON."""

from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

Payload = dict[str, Any]
"""A notification's body, as it was sent."""


class Shape(BaseModel):
    """JSON in camelCase."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, serialize_by_alias=True, frozen=True
    )


class Input(Shape):
    """A request's JSON; unknown names are refused."""

    model_config = ConfigDict(extra="forbid")
