"""What the API's JSON looks like."""

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
    """JSON that comes in; what it names must be known."""

    model_config = ConfigDict(extra="forbid")
