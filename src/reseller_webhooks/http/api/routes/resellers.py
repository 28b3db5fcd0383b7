"""Resellers and their API keys, for the platform."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from pydantic import Field

from reseller_webhooks.core.access.accounts import ApiKey
from reseller_webhooks.core.access.permissions import Scope
from reseller_webhooks.core.access.resellers import Reseller as Stored
from reseller_webhooks.core.errors import Invalid, NotAllowed, NotFound, NotSignedIn
from reseller_webhooks.core.text_rules import SEARCH_MAX
from reseller_webhooks.http.api import timestamps
from reseller_webhooks.http.api.auth import Context, Platform
from reseller_webhooks.http.api.paging import Cursor, Limit, cut, position
from reseller_webhooks.http.api.request_body import body, schema, takes
from reseller_webhooks.http.api.schemas import Input, Shape
from reseller_webhooks.http.edge.problems import Malformed, NotJson, TooLarge, raises
from reseller_webhooks.operations import api_keys, authentication, resellers
from reseller_webhooks.operations.resellers import NAME_MAX

Search = Annotated[
    str, Query(max_length=SEARCH_MAX, description="Part of the name, in any case, or the id.")
]
BODY = raises(Malformed, TooLarge, NotJson)

router = APIRouter(
    prefix="/api/v1/resellers",
    tags=["Resellers"],
    responses=raises(NotSignedIn, NotAllowed, Invalid),
)


class NewReseller(Input):
    """A reseller to add."""

    name: str = Field(min_length=1, max_length=NAME_MAX)


class Reseller(Shape):
    """A tenant: the owner of webhooks, records, users and keys."""

    id: str
    name: str
    created_at: timestamps.Shown


class Resellers(Shape):
    """A page of resellers."""

    items: list[Reseller]
    next_cursor: str | None


class NewKey(Input):
    """Options of a new API key."""

    read_only: bool = False


class Key(Shape):
    """A new API key, which is shown this once."""

    id: str
    key: str = Field(examples=["rwk_5Yb0u0tJf6nV1sJcYx3Hk2mE8pQwZrT4"])


class ListedKey(Shape):
    """An API key by its name and how it begins."""

    id: str
    name: str
    start: str = Field(examples=["rwk_5Yb0u0tJ"])
    read_only: bool
    created_at: timestamps.Shown
    used_at: timestamps.Shown | None = Field(description="Its last use, to five minutes.")
    revoked_at: timestamps.Shown | None


class Keys(Shape):
    """A page of API keys."""

    items: list[ListedKey]
    next_cursor: str | None


@router.post(
    "",
    operation_id="addReseller",
    summary="Add a reseller",
    status_code=201,
    responses=BODY,
    openapi_extra=takes(schema(NewReseller), {"name": "Northwind"}),
)
def add(
    context: Context, _: Platform, wanted: Annotated[NewReseller, Depends(body(NewReseller))]
) -> Reseller:
    """Names need not differ."""
    return _reseller(resellers.add(context.database, wanted.name))


@router.get("", operation_id="listResellers", summary="List resellers")
def page(
    context: Context,
    _: Platform,
    search: Search = "",
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Resellers:
    """In the order they were added."""
    (after,) = position(context.ids, cursor) or (0,)
    found = resellers.page(context.database, after=after, limit=limit + 1, search=search)
    shown, next_cursor = cut(context.ids, found, limit, lambda one: (one.id,))
    return Resellers(items=[_reseller(one) for one in shown], next_cursor=next_cursor)


@router.post(
    "/{id}/api-keys",
    operation_id="addApiKey",
    summary="Make an API key for a reseller",
    status_code=201,
    responses=raises(NotFound) | BODY,
    openapi_extra=takes(schema(NewKey), {"readOnly": False}),
)
def add_key(
    context: Context,
    _: Platform,
    uuid: Annotated[str, Path(alias="id")],
    wanted: Annotated[NewKey, Depends(body(NewKey))],
) -> Key:
    """The key is shown this once."""
    scope = Scope.RESELLER_READ if wanted.read_only else Scope.RESELLER
    made = authentication.add_key(context.database, scope, uuid)
    return Key(id=made.id, key=made.key)


@router.get(
    "/{id}/api-keys",
    operation_id="listApiKeys",
    summary="List a reseller's API keys",
    responses=raises(NotFound),
)
def list_keys(
    context: Context,
    _: Platform,
    uuid: Annotated[str, Path(alias="id")],
    search: Search = "",
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Keys:
    """The newest first, revoked ones included. The keys themselves are stored nowhere."""
    (before,) = position(context.ids, cursor) or (None,)
    owner = resellers.get(context.database, uuid)
    found = api_keys.page(
        context.database, before=before, limit=limit + 1, search=search, reseller_id=owner.id
    )
    shown, next_cursor = cut(context.ids, found, limit, lambda one: (one.id,))
    return Keys(items=[_listed(one) for one in shown], next_cursor=next_cursor)


def _listed(one: ApiKey) -> ListedKey:
    return ListedKey(
        id=one.uuid,
        name=one.name,
        start=one.start,
        read_only=one.scope == Scope.RESELLER_READ,
        created_at=one.created_at,
        used_at=one.used_at,
        revoked_at=one.revoked_at,
    )


def _reseller(one: Stored) -> Reseller:
    return Reseller(id=one.uuid, name=one.name, created_at=one.created_at)
