"""POST /api/v1/changes: up to a thousand changes in one transaction."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Header, Request, Response
from fastapi.routing import APIRoute
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from reseller_webhooks.core.enums import Resource
from reseller_webhooks.core.errors import Invalid, KeyReused, NotAllowed, NotSignedIn
from reseller_webhooks.http.api import auth, request_body
from reseller_webhooks.http.api.auth import Platform
from reseller_webhooks.http.api.query_parameters import refuse_unknown
from reseller_webhooks.http.api.request_body import Raw, schema, takes, value
from reseller_webhooks.http.api.schemas import Input, Shape
from reseller_webhooks.http.edge.body_limits import CHANGES_PATH
from reseller_webhooks.http.edge.problems import Malformed, NotJson, TooLarge, raises
from reseller_webhooks.ingest import parsing
from reseller_webhooks.operations.changes import MAX_CHANGES, ChangeRequest, ChangesAnswer
from reseller_webhooks.operations.context import AppContext

READ_AT_ONCE_BYTES = 16 * 1024
"""Reading a longer body takes a millisecond or more; a thread does it while others go on."""

EXAMPLE = {
    "changes": [
        {
            "reseller": "3f6c1c5e-6a0e-4a39-9d57-3f0d2c8f7b11",
            "type": "COMPANY",
            "uuid": "dad75d7a-52f5-4b6f-8c1d-fb349bcb6c0b",
            "content": {"name": "Acme Ltd", "countryCode": "CA"},
        }
    ]
}


async def answer(request: Request) -> Response:
    """Call `apply` with what its signature asks for."""
    if request.scope["query_string"]:
        await refuse_unknown(request)
    return await apply(
        request,
        await auth.platform(await auth.caller(request, None, None)),
        await request_body.raw(request),
        request.headers.get("idempotency-key"),
    )


class _Direct(APIRoute):
    """Responds without FastAPI's resolution of dependencies, a fifth of a change's CPU time."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler of the route; the signature of `apply` only describes it."""
        return answer


router = APIRouter(
    tags=["Changes"],
    responses=raises(NotSignedIn, NotAllowed, Invalid),
    route_class=_Direct,
)


class _Named(Input):
    reseller: str = Field(description="The reseller's id.")
    type: Resource
    uuid: str = Field(description="The record's id; for orders and invoices its number, as text.")


class Written(_Named):
    """The record is to have this content."""

    content: dict[str, Any] = Field(description="All of it, in AppDirect's shape for this type.")
    removed: Literal[False] = False


class Removed(_Named):
    """The record is gone."""

    removed: Literal[True]


class Changes(Input):
    """Changes that apply all or none, in this sequence."""

    changes: list[Written | Removed] = Field(min_length=1, max_length=MAX_CHANGES)


class Result(Shape):
    """The result of a change."""

    uuid: str
    version: int = Field(description="Of the record: 1, 2, 3...")
    action: Literal["ADDED", "CHANGED", "REMOVED", "UNCHANGED"] = Field(
        description="UNCHANGED: the record was so already, and nobody is told."
    )
    event: str | None = Field(description="The id of the event, which notifications carry.")


class Results(Shape):
    """One result for each change, in the same sequence."""

    results: list[Result]


@router.post(
    CHANGES_PATH,
    operation_id="applyChanges",
    summary="Write records",
    response_model=Results,
    responses=raises(Malformed, TooLarge, NotJson) | raises(Invalid, KeyReused),
    openapi_extra=takes(schema(Changes), EXAMPLE),
)
async def apply(
    request: Request,
    caller: Platform,
    raw: Raw,
    idempotency_key: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            description="Makes a repeat safe: the same key and body get the first answer, with "
            "`Idempotency-Replayed: true`. 1 to 255 visible ASCII characters, kept for 48 hours "
            "for the API key that it came with.",
        ),
    ] = None,
) -> Response:
    """Apply up to 1000 changes, all or none; durable before the answer.

    What a change means follows from the state held: content for a record that is not there adds
    it, other content changes it, the same content is UNCHANGED and makes no event.
    """
    if len(raw) <= READ_AT_ONCE_BYTES:
        read = _read(raw, idempotency_key, caller.key_id)
    else:
        read = await run_in_threadpool(_read, raw, idempotency_key, caller.key_id)
    context: AppContext = request.app.state.context
    return _response(await context.submit(read))


def _read(raw: bytes, key: str | None, caller: str) -> ChangeRequest:
    return parsing.parse_changes(value(raw), raw=raw, key=key, caller=caller)


def _response(answer: ChangesAnswer) -> Response:
    body = orjson.dumps({"results": answer.results})
    headers = {"idempotency-replayed": "true"} if answer.replayed else None
    return Response(body, headers=headers, media_type="application/json")
