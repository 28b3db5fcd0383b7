"""Snapshots and digests, by which receivers bootstrap and verify equality."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Annotated

import orjson
from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from reseller_webhooks.core.enums import Resource
from reseller_webhooks.core.errors import Invalid, NotAllowed, NotFound, NotSignedIn
from reseller_webhooks.core.records.record import Record
from reseller_webhooks.http.api.auth import Context, Tenant
from reseller_webhooks.http.api.paging import Cursor, Limit, cursor_behind, position
from reseller_webhooks.http.api.request_body import JSON
from reseller_webhooks.http.api.schemas.sync import SyncDigest, SyncedRecords
from reseller_webhooks.http.edge.problems import raises
from reseller_webhooks.operations import sync
from reseller_webhooks.operations.public_ids import PublicIds
from reseller_webhooks.operations.sync import SyncPage, SyncPosition

PAUSES_S = (0.02, 0.04, 0.08, 0.16, 0.3, 0.4)
"""A page that others are writing records into is read again so often: for a second."""

router = APIRouter(
    prefix="/api/v1/sync",
    tags=["Sync"],
    responses=raises(NotSignedIn, NotAllowed, NotFound, Invalid),
)
Bucket = Annotated[int | None, Query(ge=0, le=255, description="Only this bucket of the digest.")]


@router.get(
    "/{type}",
    operation_id="getSnapshot",
    summary="Every record, tombstones too",
    response_model=SyncedRecords,
)
async def snapshot(  # noqa: PLR0917 - FastAPI passes them by name
    request: Request,
    context: Context,
    reseller_id: Tenant,
    type: Resource,  # noqa: A002 - the contract's name
    bucket: Bucket = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """In the order they came, so that a reader can go on where it stopped. What changes meanwhile
    keeps its place; what is added meanwhile comes at the end. `nextCursor` is always there; while
    `hasMore` is true there is more to read at once, later records are read from the last one on.
    A page has fewer than `limit` where contents have more than 2 MB.
    """
    find = partial(
        sync.snapshot,
        context.database,
        type,
        reseller_id=reseller_id,
        bucket=bucket,
        after=_position(context.ids, cursor),
        limit=limit,
    )
    if _is_first_mirror(request):
        page = await run_in_threadpool(find, with_unsettled=True)
        return await run_in_threadpool(_answer, context.ids, page, ends_with_null=True)
    return await run_in_threadpool(_answer, context.ids, await _settled(find))


@router.get(
    "/{type}/digest",
    operation_id="getDigest",
    summary="The digest over (uuid, version)",
    response_model=SyncDigest,
)
def digest(
    context: Context,
    reseller_id: Tenant,
    type: Resource,  # noqa: A002 - the contract's name
) -> Response:
    """Equal digests mean equal records. A bucket is named by the first byte of blake2b(uuid) and is
    the sum of blake2b(uuid@version) modulo 2**128; the digest is blake2b over all their digits.
    """
    found = sync.digest(context.database, type, reseller_id=reseller_id)
    buckets = [bucket.text for bucket in found.buckets]
    floor = sync.version_floor(context.database, reseller_id=reseller_id)
    body = {
        "count": found.count,
        "digest": found.text,
        "buckets": buckets,
        "versionFloor": floor,
    }
    return Response(orjson.dumps(body), media_type=JSON)


async def _settled(find: Callable[[], SyncPage]) -> SyncPage:
    """A full page, as soon as no transaction can still commit a record into it."""
    for pause in PAUSES_S:
        page = await run_in_threadpool(find)
        if not page.is_cut:
            return page
        await asyncio.sleep(pause)
    return await run_in_threadpool(find)


def _is_first_mirror(request: Request) -> bool:
    """True for the mirror of 0.1.0, which reads until `nextCursor` is null.

    It names neither itself nor a version; this is how Python's urllib shows what it sends.
    """
    agent, accepted = (request.headers.get(name, "") for name in ("user-agent", "accept"))
    return agent.startswith("Python-urllib/") and accepted == JSON


def _answer(ids: PublicIds, page: SyncPage, *, ends_with_null: bool = False) -> Response:
    is_end = ends_with_null and not page.has_more
    body = {
        "items": [_item(record) for record in page.records],
        "nextCursor": None if is_end else _cursor(ids, page.position),
        "hasMore": page.has_more,
    }
    return Response(orjson.dumps(body), media_type=JSON)


def _position(ids: PublicIds, cursor: str | None) -> SyncPosition:
    """The number, and the generation where the store was restored before."""
    if cursor is None:
        return sync.START
    with suppress(Invalid):
        return SyncPosition(*(position(ids, cursor, 2) or ()))
    return SyncPosition(*(position(ids, cursor) or ()))


def _cursor(ids: PublicIds, after: SyncPosition) -> str:
    is_first = after.generation == sync.START.generation
    return cursor_behind(ids, (after.number,) if is_first else (after.number, after.generation))


def _item(record: Record) -> dict[str, object]:
    content = orjson.Fragment(record.content) if record.content else None
    return {
        "uuid": record.uuid,
        "version": record.version,
        "removed": record.removed,
        "content": content,
    }
