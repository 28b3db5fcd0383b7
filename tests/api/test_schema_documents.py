"""Schemas, AsyncAPI and OpenAPI's webhooks describe what really goes out."""

import asyncio
import json
import shutil
import subprocess
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
import pytest

from reseller_webhooks.bootstrap.program import ProcessRole
from reseller_webhooks.core.deliveries import notification_schemas
from tests.conftest import Running, serving

ASYNCAPI_SPECS = "@asyncapi/specs@6"

needs_npm = pytest.mark.skipif(not shutil.which("npm"), reason="Node.js with npm is not here")


@pytest.fixture
async def running(tmp_path: Path, migrated: Path) -> AsyncIterator[Running]:
    """Sends nothing."""
    async with serving(tmp_path, migrated, ProcessRole.API) as one:
        yield one


async def answer(nobody: httpx.AsyncClient, path: str) -> Any:
    return (await nobody.get(path)).raise_for_status().json()


def validator(document: dict[str, Any], name: str) -> jsonschema_rs.Draft202012Validator:
    """Of one of a document's schemas."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True)


async def test_everybody_may_read_every_schema_that_is_listed(nobody: httpx.AsyncClient) -> None:
    listed = (await answer(nobody, "/schemas.json"))["schemas"]
    found = {name: await answer(nobody, path) for name, path in listed.items()}

    assert len(found) == 36
    assert found == notification_schemas.documents()


async def test_a_schema_that_is_not_there_is_a_problem(nobody: httpx.AsyncClient) -> None:
    got = await nobody.get("/schemas/company.bought.json")

    assert (got.status_code, got.json()["type"]) == (404, "/docs#no-such-path")


async def test_openapis_examples_fit_its_schemas_in_both_formats(
    nobody: httpx.AsyncClient,
) -> None:
    document = await answer(nobody, "/openapi.json")
    bodies = [one["post"]["requestBody"]["content"] for one in document["webhooks"].values()]
    media = [one for body in bodies for one in body.values()]

    fitting = [
        [
            ref["$ref"].rpartition("/")[2].removesuffix("Event")
            for ref in one["schema"]["oneOf"]
            if validator(document, ref["$ref"].rpartition("/")[2]).is_valid(
                one["examples"]["added"]["value"]
            )
        ]
        for one in media
    ]
    names = ["Company", "Invoice", "Lead", "Order", "Subscription", "AppAssignment"]
    assert fitting == [[f"{name}Added"] for name in names for _ in range(2)]


async def test_asyncapi_describes_each_notification_as_openapi_does(
    nobody: httpx.AsyncClient,
) -> None:
    ours = (await answer(nobody, "/asyncapi.json"))["components"]
    theirs = (await answer(nobody, "/openapi.json"))["components"]["schemas"]

    assert len(ours["messages"]) == 36
    assert ours["schemas"] == {name: theirs[name] for name in ours["schemas"]}


async def test_asyncapis_references_lead_somewhere(nobody: httpx.AsyncClient) -> None:
    document = await answer(nobody, "/asyncapi.json")

    def references(value: Any) -> set[str]:
        inner = value.values() if isinstance(value, dict) else value
        if isinstance(value, dict) and isinstance(value.get("$ref"), str):
            return {value["$ref"]}
        return set().union(*map(references, inner)) if isinstance(value, dict | list) else set()

    def target(ref: str) -> Any:
        found = document
        for step in ref.removeprefix("#/").split("/"):
            found = found[step]
        return found

    assert all(target(ref) for ref in references(document))


@needs_npm
async def test_asyncapis_own_schema_takes_it(nobody: httpx.AsyncClient, tmp_path: Path) -> None:
    document = await answer(nobody, "/asyncapi.json")
    install = ["npm", "install", "--no-audit", "--no-fund", "--silent", ASYNCAPI_SPECS]
    await asyncio.to_thread(partial(subprocess.run, install, cwd=tmp_path, check=True))
    file = tmp_path / "node_modules/@asyncapi/specs/schemas/3.0.0.json"
    theirs = jsonschema_rs.Draft7Validator(json.loads(file.read_text()))

    assert [error.message for error in theirs.iter_errors(document)] == []
    assert not theirs.is_valid(document | {"operations": {"one": {"action": "shout"}}})
