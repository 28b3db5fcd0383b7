"""Request bodies: strict JSON, validated without repeating their contents in errors."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar

import orjson
from fastapi import Depends, Request
from pydantic import BaseModel, ValidationError

from reseller_webhooks.core.errors import Invalid
from reseller_webhooks.core.json_input import parse
from reseller_webhooks.core.messages.requests import (
    BODY_NOT_JSON,
    CONTENT_ENCODED,
    CONTENT_TYPE_MISSING,
    CONTENT_TYPE_WRONG,
    VALUES_TOO_MANY,
)
from reseller_webhooks.http.api.validation_errors import invalid
from reseller_webhooks.http.edge.problems import Malformed, NotJson
from reseller_webhooks.ingest.parsing import ERRORS_MAX

M = TypeVar("M", bound=BaseModel)

VALUES_MAX = 5_000
"""Values in a document; pydantic takes 8 ms to list as many errors, and others wait meanwhile."""
JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"


async def raw(request: Request) -> bytes:
    """The body as it came."""
    given = request.headers.get("content-type", "")
    if given.partition(";")[0].strip().lower() not in {JSON, MERGE_PATCH}:
        wrong = CONTENT_TYPE_WRONG(given=given[:60], right=JSON)
        raise NotJson(wrong if given else CONTENT_TYPE_MISSING(right=JSON))
    encoding = request.headers.get("content-encoding", "")
    if encoding.strip().lower() not in {"", "identity"}:
        raise NotJson(CONTENT_ENCODED(given=encoding[:60]))
    return await request.body()


Raw = Annotated[bytes, Depends(raw)]


def body(model: type[M]) -> Callable[[bytes], Awaitable[M]]:
    """A dependency: the body as the model, strictly, so that "10" is not a number."""

    async def read(raw: Raw) -> M:
        return _validated(model, raw)

    return read


def optional_body(model: type[M]) -> Callable[[Request], Awaitable[M | None]]:
    """A dependency: the body as `body` reads it, or None for an empty body."""

    async def read(request: Request) -> M | None:
        return _validated(model, await raw(request)) if await request.body() else None

    return read


def _validated(model: type[M], raw: bytes) -> M:
    # One reader decides what is JSON; pydantic's takes NaN, for one.
    _check_size(value(raw))
    try:
        return model.model_validate_json(raw, strict=True, by_alias=True, by_name=False)
    except ValidationError as error:
        found = error.errors(include_url=False)
        if found[0]["type"] == "json_invalid":
            raise Malformed(BODY_NOT_JSON(why=found[0]["ctx"]["error"])) from None
        raise invalid(found[: ERRORS_MAX + 1]) from None


def _check_size(document: Any) -> None:
    """Invalid for a document with more than VALUES_MAX values, each of which may be an error."""
    count, rest = 0, [document]
    while rest:
        one = rest.pop()
        inner = one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()
        count += len(inner)
        if count > VALUES_MAX:
            raise Invalid.at("", VALUES_TOO_MANY(most=VALUES_MAX))
        rest.extend(inner)


def value(raw: bytes) -> Any:
    """The JSON value that a body holds."""
    try:
        return parse(raw)
    except orjson.JSONDecodeError as error:
        raise Malformed(BODY_NOT_JSON(why=str(error))) from None


def takes(
    schema: dict[str, Any], example: object, *media_types: str, required: bool = True
) -> dict[str, Any]:
    """OpenAPI's description of a body, for a route's `openapi_extra`."""
    media = {"schema": schema, "example": example}
    content = {media_type: dict(media) for media_type in media_types or (JSON,)}
    return {"requestBody": {"required": required, "content": content}}


def schema(model: type[BaseModel]) -> dict[str, Any]:
    """The model's JSON schema; its $defs are moved to the components of the document."""
    return model.model_json_schema(ref_template="#/components/schemas/{model}")
