"""The API is what it says it is."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from reseller_webhooks.bootstrap.program import ProcessRole
from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.core.enums import Resource
from reseller_webhooks.http.edge.problems import PROBLEMS
from tests.conftest import Running, serving

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
    "allow_header_conformance",
    "use_after_free",
)
# A stream has no end; a test goes out to wherever a webhook points; with more resellers most
# requests would not say which; and the other kinds of records have the same routes.
LEFT_OUT = "/stream$|/test$|/api/v1/resellers$|/invoices|/leads|/orders"


@pytest.fixture
async def running(tmp_path: Path, migrated: Path) -> AsyncIterator[Running]:
    """Sends nothing."""
    async with serving(tmp_path, migrated, ProcessRole.API) as one:
        yield one


@pytest.fixture
async def document(nobody: httpx.AsyncClient) -> dict[str, Any]:
    found: dict[str, Any] = (await nobody.get("/openapi.json")).json()
    return found


@pytest.mark.timeout(170)
async def test_whatever_is_asked_the_answer_is_one_that_is_described(
    running: Running, platform: httpx.AsyncClient, northwind: Reseller, tmp_path: Path
) -> None:
    asking = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{running.url}/openapi.json"),
        *("--header", f"Authorization: {platform.headers['authorization']}"),
        *("--phases", "examples,coverage,fuzzing", "--max-examples", "2"),
        *("--checks", ",".join(CHECKS), "--exclude-path-regex", LEFT_OUT),
        *("--generation-deterministic", "--continue-on-failure", "--warnings", "off", "--no-color"),
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )

    try:
        told, _ = await asking.communicate()
    finally:
        if asking.returncode is None:
            asking.kill()

    assert asking.returncode == 0, told.decode()


async def test_every_operation_has_an_id_a_summary_and_its_problems(
    document: dict[str, Any],
) -> None:
    operations = [(path, one) for path, item in document["paths"].items() for one in item.values()]

    ids = [one["operationId"] for _, one in operations]
    assert len(set(ids)) == len(ids)
    assert all(one["summary"] and one["description"] for _, one in operations)
    assert all(
        {"401", "403", "422", "default"} <= one["responses"].keys() and one["security"]
        for path, one in operations
        if path.startswith("/api/")
    )


async def test_every_operation_says_whether_it_needs_a_key(document: dict[str, Any]) -> None:
    operations = {
        path: one["security"]
        for path, item in document["paths"].items()
        for one in item.values()
        if not path.startswith("/api/")
    }

    assert operations == {
        "/healthz": [],
        "/livez": [],
        "/readyz": [],
        "/metrics": [{"metricsToken": []}, {}],
    }


async def test_no_request_has_a_default_that_a_client_would_fill_in(
    document: dict[str, Any],
) -> None:
    schemas = document["components"]["schemas"]
    bodies = {
        media["schema"]["$ref"].rpartition("/")[2]
        for item in document["paths"].values()
        for one in item.values()
        for media in one.get("requestBody", {}).get("content", {}).values()
    }

    assert {"WebhookRequest", "WebhookPatch", "QuotasPatch", "RecordPatch", "Changes"} <= bodies
    assert [
        (name, member)
        for name in sorted(bodies)
        for member, schema in schemas[name].get("properties", {}).items()
        if "default" in schema
    ] == []


async def test_every_discriminator_is_required(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    auth = schemas["WebhookRequest"]["properties"]["auth"]

    kinds = [schemas[ref["$ref"].rpartition("/")[2]] for ref in auth["oneOf"]]
    assert len(kinds) == len(auth["discriminator"]["mapping"])
    assert all("type" in kind["required"] for kind in kinds)


async def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    def references(value: Any) -> set[str]:
        if isinstance(value, dict):
            inner = set().union(*(references(one) for one in value.values()))
            return inner | ({value["$ref"]} if isinstance(value.get("$ref"), str) else set())
        if isinstance(value, list):
            return set().union(*(references(one) for one in value))
        return set()

    held = {
        f"#/components/{kind}/{name}"
        for kind, components in document["components"].items()
        for name in components
    }
    assert references(document) <= held


async def test_it_describes_the_notification_of_every_resource(document: dict[str, Any]) -> None:
    examples = [
        one["post"]["requestBody"]["content"]["application/json"]["examples"]["added"]["value"]
        for one in document["webhooks"].values()
    ]

    assert document["openapi"].startswith("3.1")
    assert [one["resource"]["type"] for one in examples] == list(Resource)
    assert list(examples[0])[:4] == ["uuid", "timestamp", "resource", "resourceAction"]


async def test_the_page_that_describes_it_runs_nothing_and_asks_nobody(
    nobody: httpx.AsyncClient, document: dict[str, Any]
) -> None:
    page = await nobody.get("/docs")

    policy = page.headers["content-security-policy"]
    assert page.headers["content-type"].startswith("text/html")
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "<script" not in page.text
    assert 'src="' not in page.text
    assert all(
        f'id="{one["operationId"]}"' in page.text
        for item in document["paths"].values()
        for one in item.values()
    )


async def test_every_problems_type_leads_to_its_place_on_the_page(
    nobody: httpx.AsyncClient,
) -> None:
    page = (await nobody.get("/docs")).text

    assert [kind.name for kind in PROBLEMS.values() if f'id="{kind.name}"' not in page] == []
