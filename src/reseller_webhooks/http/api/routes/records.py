"""Records where AppDirect keeps them, in its shapes: one set of routes, from a table of paths."""

import re
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from reseller_webhooks.core.enums import Resource
from reseller_webhooks.core.errors import Conflict, Invalid, NotAllowed, NotFound, NotSignedIn
from reseller_webhooks.core.messages.changes import STATUS_ENDS
from reseller_webhooks.core.records import model_of, path
from reseller_webhooks.core.records.changes import Patch, Remove
from reseller_webhooks.core.records.examples import CONTENTS
from reseller_webhooks.http.api import record_changes
from reseller_webhooks.http.api.auth import Context, Platform, Readable
from reseller_webhooks.http.api.paging import Cursor, Limit, cursor_behind, position
from reseller_webhooks.http.api.record_changes import RecordChange, RecordScope, fields_of
from reseller_webhooks.http.api.request_body import JSON, MERGE_PATCH, Raw, takes
from reseller_webhooks.http.edge.problems import Malformed, NotJson, TooLarge, raises
from reseller_webhooks.operations import records
from reseller_webhooks.operations.changes import ChangeResult
from reseller_webhooks.operations.context import AppContext

COLLECTIONS = {
    "/api/account/v1/companies": (Resource.COMPANY, "Companies"),
    "/api/billing/v1/invoices": (Resource.INVOICE, "Invoices"),
    "/api/lead/v2/leads": (Resource.LEAD, "Leads"),
    "/api/billing/v1/orders": (Resource.ORDER, "Orders"),
    "/api/billing/v1/subscriptions": (Resource.SUBSCRIPTION, "Subscriptions"),
    "/api/account/v2/subscriptions/{subscription}/assignments": (
        Resource.APP_ASSIGNMENT,
        "AppAssignments",
    ),
}
ONE = "/{id}"
"""Behind a collection's path: one of its records."""


async def _subscription(subscription: Annotated[str, Path(description="Its id.")]) -> None:
    """Declares the path parameter in OpenAPI."""


async def _external_id(
    is_external_id: Annotated[
        Literal["false"],
        Query(alias="isExternalId", description="AppDirect's; ids are always the platform's."),
    ] = "false",
) -> None:
    """A query parameter that `resource.url` of a company has, as AppDirect's has it."""


async def _place(request: Request, reseller_id: Readable) -> RecordScope:
    resource, _ = COLLECTIONS[request.scope["route"].path.removesuffix(ONE)]
    return RecordScope(resource, request.path_params.get("subscription"), reseller_id)


Here = Annotated[RecordScope, Depends(_place)]
Id = Annotated[str, Path(alias="id")]


def page(context: Context, place: Here, limit: Limit = 100, cursor: Cursor = None) -> Response:
    """In the sequence of creation. A platform key reads the records of every reseller, or with
    ?reseller= of one. A page has fewer than `limit` where contents have more than 2 MB;
    `nextCursor` leads on."""
    (after,) = position(context.ids, cursor) or (0,)
    found = records.page(
        context.database,
        place.resource,
        reseller_id=place.reseller_id,
        parent=place.parent,
        after=after,
        limit=limit,
    )
    last = found.rows[-1].id if found.has_more else None
    next_cursor = cursor_behind(context.ids, (last,)) if last else None
    items = [orjson.Fragment(record.content or "null") for record in found.rows]
    return Response(orjson.dumps({"items": items, "nextCursor": next_cursor}), media_type=JSON)


def get(context: Context, place: Here, uuid: Id) -> Response:
    """Answers what the newest notification carries, byte for byte."""
    return Response(record_changes.find(context.database, place, uuid).content, media_type=JSON)


async def add(context: Context, _: Platform, place: Here, raw: Raw) -> Response:
    """Takes the id from the content, or generates one."""
    fields = fields_of(place, raw)
    aim = await run_in_threadpool(record_changes.create, context.database, place, fields)
    return await _done(context, aim, size=len(raw))


async def put(context: Context, _: Platform, place: Here, uuid: Id, raw: Raw) -> Response:
    """Replaces the whole content, or adds the record when it is not there."""
    fields = fields_of(place, raw)
    aim = await run_in_threadpool(record_changes.replace, context.database, place, uuid, fields)
    return await _done(context, aim, size=len(raw))


async def patch(context: Context, _: Platform, place: Here, uuid: Id, raw: Raw) -> Response:
    """Merges fields into the content (RFC 7396): null takes one away."""
    what = Patch(fields_of(place, raw))
    aim = await run_in_threadpool(record_changes.update, context.database, place, uuid, what)
    return await _done(context, aim, size=len(raw))


async def remove(context: Context, _: Platform, place: Here, uuid: Id) -> Response:
    """Removes the record. Unassigning an application takes time: the first request begins it and
    answers 202 with the content, the second one completes it.
    """
    what = Remove(on_request=True)
    aim = await run_in_threadpool(record_changes.update, context.database, place, uuid, what)
    return await _done(context, aim, status=202)


async def _done(
    context: AppContext, aim: RecordChange, *, size: int = 0, status: int = 200
) -> Response:
    result = await record_changes.apply(context, aim.change, size)
    return await run_in_threadpool(_after, context, aim, result, status)


def _after(context: AppContext, aim: RecordChange, result: ChangeResult, status: int) -> Response:
    """The record as it is now; 201 for one that was added, 204 for one that is gone."""
    place = RecordScope(aim.change.resource, None, aim.owner.id)
    try:
        record = record_changes.find(context.database, place, aim.change.uuid)
    except NotFound:
        if result.action == "UNCHANGED":
            raise _ended(aim) from None
        return Response(status_code=204)
    if result.action != "ADDED":
        return Response(record.content, status, media_type=JSON)
    location = path(record.resource, record.uuid, record.parent, record.alias)
    return Response(record.content, 201, {"location": location}, JSON)


def _ended(aim: RecordChange) -> Invalid:
    label = aim.change.resource.label
    return Invalid.at("/status", STATUS_ENDS(kind=label))


def _ref(resource: Resource) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{model_of(resource).__name__}"}


def _list(resource: Resource) -> dict[str, Any]:
    members = {
        "items": {"type": "array", "items": _ref(resource)},
        "nextCursor": {"type": ["string", "null"]},
    }
    return {"type": "object", "required": list(members), "properties": members}


def _takes(method: str, resource: Resource) -> dict[str, Any] | None:
    _, content = CONTENTS[resource]
    example = {name: value for name, value in content.items() if name != "subscriptionId"}
    match method:
        case "POST" | "PUT":
            return takes(_ref(resource), example)
        case "PATCH":
            some = {name: example[name] for name in ("name", "status") if name in example}
            patch = {"$ref": "#/components/schemas/RecordPatch"}
            return takes(patch, some, MERGE_PATCH, JSON)
    return None


_OUTCOMES = {
    200: "What is there now.",
    201: "The record that was added.",
    202: "The record, whose removal has begun.",
    204: "The record is gone.",
}
_ROUTES = (
    (page, "GET", "", "list", (200,), ()),
    (add, "POST", "", "add", (201,), (Conflict,)),
    (get, "GET", ONE, "get", (200,), (NotFound, Conflict)),
    (put, "PUT", ONE, "put", (200, 201, 204), (Conflict,)),
    (patch, "PATCH", ONE, "patch", (200, 204), (NotFound, Conflict)),
    (remove, "DELETE", ONE, "remove", (204, 202), (NotFound, Conflict)),
)


def _answers(verb: str, resource: Resource, statuses: tuple[int, ...]) -> dict[int | str, Any]:
    schema = _list(resource) if verb == "list" else _ref(resource)
    content = {"content": {JSON: {"schema": schema}}}
    return {
        status: {"description": _OUTCOMES[status]} | ({} if status == 204 else content)
        for status in statuses
    }


def _add_routes(router: APIRouter, collection: str, resource: Resource, plural: str) -> None:
    nested = [Depends(_subscription)] if "{subscription}" in collection else []
    external = [Depends(_external_id)] if resource is Resource.COMPANY else []
    for endpoint, method, behind, verb, statuses, errors in _ROUTES:
        name = plural if verb == "list" else resource.label.replace(" ", "")
        body = raises(Malformed, TooLarge, NotJson) if _takes(method, resource) else {}
        router.add_api_route(
            collection + behind,
            endpoint,
            methods=[method],
            operation_id=f"{verb}{name}",
            summary=f"{verb.title()} {_words(name)}",
            status_code=statuses[0],
            responses=_answers(verb, resource, statuses) | raises(*errors) | body,
            response_class=Response,
            openapi_extra=_takes(method, resource),
            dependencies=nested + (external if behind == ONE else []),
        )


def _words(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()


router = APIRouter(tags=["Records"], responses=raises(NotSignedIn, NotAllowed, Invalid))
for _collection, (_resource, _plural) in COLLECTIONS.items():
    _add_routes(router, _collection, _resource, _plural)
