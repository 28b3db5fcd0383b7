"""JSON Schemas and AsyncAPI of notifications, public."""

from collections.abc import Callable
from functools import partial
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from reseller_webhooks.core.deliveries import notification_schemas
from reseller_webhooks.core.messages.requests import SCHEMA_UNKNOWN
from reseller_webhooks.core.text import truncate
from reseller_webhooks.http.api import asyncapi
from reseller_webhooks.http.api.request_body import JSON
from reseller_webhooks.http.edge.constant_answers import Constant
from reseller_webhooks.http.edge.problems import NoSuchPath

SCHEMA_JSON = "application/schema+json"
ASYNCAPI_JSON = "application/vnd.aai.asyncapi+json;version=3.0.0"


def routes(public_url: str, openapi: Callable[[], dict[str, Any]]) -> list[Route]:
    """GET of each document."""
    documents: dict[str, tuple[str, Callable[[], dict[str, Any]]]] = {
        "/openapi.json": (JSON, openapi),
        "/asyncapi.json": (ASYNCAPI_JSON, partial(asyncapi.document, public_url)),
        "/schemas.json": (JSON, _index),
    }
    found = [
        Route(path, Constant(partial(_json, make), media_type).answer)
        for path, (media_type, make) in documents.items()
    ]
    return [*found, Route("/schemas/{name}.json", _Schemas().answer)]


class _Schemas:
    """GET /schemas/{name}.json, for example company.added or company.added.cloudevent."""

    def __init__(self) -> None:
        self._each = {
            name: Constant(partial(_schema, name), SCHEMA_JSON)
            for name in notification_schemas.names()
        }

    async def answer(self, request: Request) -> Response:
        """A schema."""
        name = request.path_params["name"]
        if name not in self._each:
            raise NoSuchPath(SCHEMA_UNKNOWN(name=truncate(name)))
        return await self._each[name].answer(request)


def _schema(name: str) -> bytes:
    return orjson.dumps(notification_schemas.documents()[name])


def _json(make: Callable[[], dict[str, Any]]) -> bytes:
    return orjson.dumps(make())


def _index() -> dict[str, Any]:
    """The path of each schema, by its name."""
    return {"schemas": {name: f"/schemas/{name}.json" for name in notification_schemas.names()}}
