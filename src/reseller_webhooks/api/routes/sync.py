"""Snapshot and digest, for receivers that begin, or that prove that they are equal."""

from typing import Annotated

import orjson
from fastapi import APIRouter, Query, Response

from reseller_webhooks.api.auth import Tenant, TheHouse
from reseller_webhooks.api.bodies import JSON
from reseller_webhooks.api.paging import Cursor, Limit, cut, position
from reseller_webhooks.api.problems import raises
from reseller_webhooks.core.errors import Invalid, NotAllowed, NotFound, NotSignedIn
from reseller_webhooks.core.names import Resource
from reseller_webhooks.core.records import Record
from reseller_webhooks.operations import generations, sync

router = APIRouter(
    prefix="/api/v1/sync",
    tags=["Sync"],
    responses=raises(NotSignedIn, NotAllowed, NotFound, Invalid),
)
Bucket = Annotated[int | None, Query(ge=0, le=255, description="Only this bucket of the digest.")]


@router.get("/{type}", operation_id="getSnapshot", summary="Every record, tombstones too")
def snapshot(  # noqa: PLR0917 - FastAPI passes them by name
    house: TheHouse,
    reseller_id: Tenant,
    type: Resource,  # noqa: A002 - the contract's name
    bucket: Bucket = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """In the order they came, so that a reader can go on where it stopped. What changes meanwhile
    keeps its place; what is added meanwhile comes at the end.
    """
    (after,) = position(cursor) or (0,)
    found = sync.snapshot(
        house.database,
        type,
        reseller_id=reseller_id,
        bucket=bucket,
        after=after,
        limit=limit + 1,
    )
    shown, next_cursor = cut(found, limit, lambda record: (record.id or 0,))
    items = [_item(record) for record in shown]
    return Response(orjson.dumps({"items": items, "nextCursor": next_cursor}), media_type=JSON)


@router.get("/{type}/digest", operation_id="getDigest", summary="The digest over (uuid, version)")
def digest(
    house: TheHouse,
    reseller_id: Tenant,
    type: Resource,  # noqa: A002 - the contract's name
) -> Response:
    """Equal digests mean equal records. A bucket is named by the first byte of blake2b(uuid) and is
    the sum of blake2b(uuid@version) modulo 2**128; the digest is blake2b over all their digits.
    """
    found = sync.digest(house.database, type, reseller_id=reseller_id)
    buckets = [bucket.text for bucket in found.buckets]
    floor = generations.current(house.database).floor
    body = {
        "count": found.count,
        "digest": found.text,
        "buckets": buckets,
        "versionFloor": floor,
    }
    return Response(orjson.dumps(body), media_type=JSON)


def _item(record: Record) -> dict[str, object]:
    content = orjson.Fragment(record.content) if record.content else None
    return {
        "uuid": record.uuid,
        "version": record.version,
        "removed": record.removed,
        "content": content,
    }
