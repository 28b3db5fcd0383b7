"""What notifications look like, for programs: JSON Schemas and AsyncAPI. For everybody."""

from functools import cache

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from reseller_webhooks.api import asyncapi
from reseller_webhooks.api.problems import NoSuchPath
from reseller_webhooks.core import schemas
from reseller_webhooks.core.shortening import shortened

SCHEMA_JSON = "application/schema+json"
ASYNCAPI_JSON = "application/vnd.aai.asyncapi+json;version=3.0.0"


async def schema(request: Request) -> Response:
    """GET /schemas/{name}.json, for example company.added or company.added.cloudevent."""
    name = request.path_params["name"]
    if name not in schemas.documents():
        raise NoSuchPath(
            f"no schema is called {shortened(name)!r}; /schemas.json lists those there are"
        )
    return Response(_schema(name), media_type=SCHEMA_JSON)


async def index(_: Request) -> Response:
    """GET /schemas.json: where each schema is, by its name."""
    found = {name: f"/schemas/{name}.json" for name in schemas.documents()}
    return Response(orjson.dumps({"schemas": found}), media_type="application/json")


async def asyncapi_document(request: Request) -> Response:
    """GET /asyncapi.json."""
    public_url = request.app.state.house.settings.public_url
    return Response(_asyncapi(public_url), media_type=ASYNCAPI_JSON)


ROUTES = (
    Route("/asyncapi.json", asyncapi_document),
    Route("/schemas.json", index),
    Route("/schemas/{name}.json", schema),
)


@cache
def _schema(name: str) -> bytes:
    return orjson.dumps(schemas.documents()[name])


@cache
def _asyncapi(public_url: str) -> bytes:
    return orjson.dumps(asyncapi.document(public_url))
