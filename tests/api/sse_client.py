"""Reads the live view: the signal that tests of deliveries wait for."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import httpx

STREAM = "/api/v1/deliveries/stream"
WAIT_S = 20.0
"""Only a broken test waits this long."""
FROM_THE_BEGINNING = "0"


async def views(
    client: httpx.AsyncClient, behind: str = FROM_THE_BEGINNING
) -> AsyncIterator[tuple[str | None, dict[str, Any]]]:
    """The id, if there is one, and the data of each event."""
    headers = {"last-event-id": behind}
    async with client.stream("GET", STREAM, headers=headers) as answer:
        fields: dict[str, str] = {}
        async for line in answer.aiter_lines():
            name, _, value = line.partition(": ")
            fields[name] = value
            if not line:
                if "data" in fields:
                    assert fields["event"] == "delivery"
                    yield fields.get("id"), json.loads(fields["data"])
                fields = {}


async def delivery_that(client: httpx.AsyncClient, **wanted: object) -> dict[str, Any]:
    """The first delivery of which all that is true."""
    async with asyncio.timeout(WAIT_S), aclosing(views(client)) as seen:
        async for _, one in seen:
            if wanted.items() <= one.items():
                return one
    raise AssertionError("the view ended")
