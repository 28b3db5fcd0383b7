"""POST /api/v1/changes answers each request byte for byte as it was recorded.

recorded/changes.jsonl holds the status, the headers and the start of the body of each response, in
this sequence. It was recorded while FastAPI resolved the route's dependencies; whoever changes a
response changes that file.
"""

import json
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from reseller_webhooks.core.access.permissions import Scope
from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.http.api import auth, request_body
from reseller_webhooks.http.api.query_parameters import refuse_unknown
from reseller_webhooks.http.api.routes import changes
from tests.api.conftest import client
from tests.conftest import Running, serving

PATH = "/api/v1/changes"
RECORDED = Path(__file__).parent / "recorded" / "changes.jsonl"
JSON = {"content-type": "application/json"}
WAIT = re.compile(r"(;[rt]=| in |^)\d+(?= s|;|$)")
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
CHANGES_PER_SECOND = 90
"""Ten times as many may come at once: enough for all of the requests but the last."""
BODY_START = 300
SECURITY = [
    ["content-security-policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"],
    ["cross-origin-resource-policy", "same-origin"],
    ["referrer-policy", "no-referrer"],
    ["x-content-type-options", "nosniff"],
]
"""The last headers of each response."""


@dataclass(frozen=True)
class Sent:
    """A request. caller: whose key it shows. RESELLER in its body stands for a reseller's id."""

    name: str
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=lambda: JSON)
    caller: str = "platform"
    method: str = "POST"
    path: str = PATH
    is_chunked: bool = False


def body(*changes: object) -> bytes:
    return json.dumps({"changes": changes}).encode()


def company(uuid: str = "c1", **given: object) -> dict[str, Any]:
    content = {"name": "Acme Ltd"} | given
    return {"reseller": "RESELLER", "type": "COMPANY", "uuid": uuid, "content": content}


REMOVED = {"reseller": "RESELLER", "type": "COMPANY", "uuid": "c1", "removed": True}
ONE = body(company())
FAULTY = company("c9", name=5) | {"colour/x": 1}
GOOD = [
    Sent("added", ONE),
    Sent("unchanged", ONE),
    Sent("changed", body(company(name="Acme"))),
    Sent("removed", body(REMOVED)),
    Sent("several", body(company("c2"), REMOVED, company("c2", name="B"), company("c3"))),
    Sent("with a key", body(company("c4")), JSON | {"idempotency-key": "k"}),
    Sent("the same key and body", body(company("c4")), JSON | {"Idempotency-Key": "k"}),
    Sent("with a charset", ONE, {"content-type": "Application/JSON; charset=utf-8"}),
    Sent("a merge patch", ONE, {"content-type": "application/merge-patch+json"}),
    Sent("not encoded", ONE, JSON | {"content-encoding": "identity"}),
    Sent("longer than 16 KiB", body(company("c5", note="n" * 17_000))),
    Sent("in chunks", ONE, is_chunked=True),
]
REFUSED = [
    Sent("with a query", ONE, path=f"{PATH}?reseller=x&limit=a"),
    Sent("no key", ONE, caller="nobody"),
    Sent("another scheme", ONE, JSON | {"authorization": "Basic abc"}, "nobody"),
    Sent("an unknown key", ONE, JSON | {"authorization": "Bearer rwk_x"}, "nobody"),
    Sent("a reseller's key", ONE, caller="reseller"),
    Sent("a key that only reads", b"not read", caller="reader"),
    Sent("no content type", ONE, {}),
    Sent("another content type", ONE, {"content-type": "text/plain"}),
    Sent("compressed", ONE, JSON | {"content-encoding": "gzip"}),
    Sent("no body"),
    Sent("not JSON", b'{"changes": ['),
    Sent("no number of JSON", b'{"changes": [NaN]}'),
    Sent("no UTF-8", b'{"changes": ["\xff"]}'),
    Sent("half a character", b'{"changes": ["\\ud800"]}'),
    Sent("a list", b"[]"),
    Sent("no changes", b"{}"),
    Sent("too few changes", body()),
    Sent("too many changes", body(*[company()] * 1001)),
    Sent("another member", b'{"changes": [{}], "more": 1}'),
    Sent("a change that is none", body(5)),
    Sent("an empty change", body({})),
    Sent("several faults", body(company("c6"), FAULTY)),
    Sent("more than a hundred faults", body(*[FAULTY] * 120)),
    Sent("an unknown type", body(company() | {"type": "COMPANIES"})),
    Sent("an unknown reseller", body(company() | {"reseller": "nobody"})),
    Sent("a bad id", body(company("a b"))),
    Sent("removed with content", body(company() | {"removed": True})),
    Sent("an empty Idempotency-Key", ONE, JSON | {"idempotency-key": ""}),
    Sent("a long Idempotency-Key", ONE, JSON | {"idempotency-key": "k" * 256}),
    Sent("a used Idempotency-Key", ONE, JSON | {"idempotency-key": "k"}),
    Sent("too long", b" " * (10 * 1024 * 1024 + 1)),
    Sent("too long in chunks", b" " * (10 * 1024 * 1024 + 1), is_chunked=True),
    Sent("another host", ONE, JSON | {"host": "other.example"}),
    Sent("NUL in the query", ONE, path=f"{PATH}?a=%00"),
    Sent("a slash more", ONE, path=f"{PATH}/"),
    Sent("GET", method="GET", headers={}),
    Sent("HEAD", method="HEAD", headers={}),
    Sent("PUT", ONE, method="PUT"),
    Sent("OPTIONS", method="OPTIONS", headers={}),
    Sent("OPTIONS without a key", method="OPTIONS", headers={}, caller="nobody"),
    Sent("all of a quota", body(*[company()] * 1000)),
    Sent("beyond a quota", body(*[company()] * 1000)),
]


@pytest.fixture
async def running(tmp_path: Path, migrated: Path) -> AsyncIterator[Running]:
    async with serving(tmp_path, migrated, limit_changes_per_second=CHANGES_PER_SECOND) as one:
        yield one


@pytest.fixture
async def callers(
    running: Running, northwind: Reseller, nobody: httpx.AsyncClient
) -> AsyncIterator[dict[str, httpx.AsyncClient]]:
    async with (
        client(running, Scope.PLATFORM, None) as platform,
        client(running, Scope.RESELLER, northwind) as manager,
        client(running, Scope.RESELLER_READ, northwind) as reader,
    ):
        yield {"platform": platform, "reseller": manager, "reader": reader, "nobody": nobody}


async def test_each_request_is_answered_as_it_was_recorded(
    callers: dict[str, httpx.AsyncClient], northwind: Reseller
) -> None:
    answers = [await recorded(sent, callers, northwind) for sent in (*GOOD, *REFUSED)]

    lines = RECORDED.read_text().splitlines()
    assert answers == [json.loads(line) for line in lines]


def test_the_direct_handler_calls_every_dependency_of_the_route() -> None:
    """Whoever adds a dependency to the route has to call it in `changes.answer`, too."""
    (route,) = changes.router.routes
    assert isinstance(route, APIRoute)

    called = {auth.platform, auth.caller, refuse_unknown, request_body.raw}
    of_openapi = {auth._bearer}
    assert set(dependencies(route.dependant)) == called | of_openapi


def dependencies(dependant: Dependant) -> Iterator[object]:
    for one in dependant.dependencies:
        yield one.call
        yield from dependencies(one)


async def recorded(
    sent: Sent, callers: dict[str, httpx.AsyncClient], reseller: Reseller
) -> dict[str, Any]:
    """The response as the file has it: without times and random ids."""
    content = sent.body.replace(b"RESELLER", reseller.uuid.encode())
    answer = await callers[sent.caller].request(
        sent.method,
        sent.path,
        headers=sent.headers,
        content=parts_of(content) if sent.is_chunked else content,
    )
    headers = [[name, value] for name, value in answer.headers.multi_items() if name != "date"]
    if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
        headers = [[name, WAIT.sub(r"\1N", value)] for name, value in headers]
    shown = UUID.sub("EVENT", answer.text.replace(reseller.uuid, "RESELLER"))

    assert headers[-len(SECURITY) :] == SECURITY
    return {
        "name": sent.name,
        "status": answer.status_code,
        "headers": headers[: -len(SECURITY)],
        "body": WAIT.sub(r"\1N", shown[:BODY_START]),
    }


async def parts_of(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), 65_536):
        yield content[start : start + 65_536]
