"""What goes wrong is answered as problem+json, and says nothing that it should not."""

import asyncio
import gzip
import json
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from structlog.testing import capture_logs

from reseller_webhooks.core import errors
from reseller_webhooks.core.access.permissions import Role
from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.core.errors import (
    Invalid,
    NotFound,
    Problem,
    ResellerWebhooksError,
    Unavailable,
)
from reseller_webhooks.core.messages.changes import MISSING, TOO_FEW
from reseller_webhooks.core.messages.requests import STORE_BUSY, VALUES_TOO_MANY
from reseller_webhooks.http.edge import problems
from reseller_webhooks.http.edge.problems import PROBLEMS, UNEXPECTED, answer
from reseller_webhooks.http.pages import paths
from reseller_webhooks.operations import users
from tests.conftest import Running

JSON = {"content-type": "application/json"}


def every_error(root: type[ResellerWebhooksError]) -> Iterator[type[ResellerWebhooksError]]:
    for one in root.__subclasses__():
        if one.__module__ in (errors.__name__, problems.__name__):
            yield one
        yield from every_error(one)


def assert_problem(got: httpx.Response, status: int, name: str) -> None:
    assert got.headers["content-type"] == "application/problem+json"
    assert (got.status_code, got.json()["type"]) == (status, f"/docs#{name}")


def test_every_error_has_its_answer_and_its_own_name() -> None:
    assert set(every_error(ResellerWebhooksError)) == set(PROBLEMS)
    assert len({kind.name for kind in PROBLEMS.values()} | {UNEXPECTED.name}) == len(PROBLEMS) + 1


def test_a_problem_has_the_members_of_the_standard() -> None:
    got = answer(NotFound("webhook", "x"))

    assert json.loads(bytes(got.body)) == {
        "type": "/docs#not-found",
        "title": "Not found",
        "status": 404,
        "detail": "no webhook with id 'x'",
    }
    assert (got.status_code, got.media_type) == (404, "application/problem+json")


def test_input_has_an_error_for_each_problem() -> None:
    got = json.loads(
        bytes(answer(Invalid([Problem("/a", MISSING()), Problem("/b", TOO_FEW(least=2))])).body)
    )

    assert got["detail"] == "2 things are wrong; errors lists them"
    assert got["errors"] == [
        {"pointer": "/a", "detail": "is missing"},
        {"pointer": "/b", "detail": "is too short; give at least 2"},
    ]


def test_who_comes_too_early_is_told_when_to_come_again() -> None:
    assert answer(Unavailable(STORE_BUSY(), retry_after_s=7)).headers["retry-after"] == "7"


async def test_a_path_where_nothing_is(manager: httpx.AsyncClient) -> None:
    for path in ("/api/v1/webhook", "/api/", "/api/v1/webhooks/", "/api/v1/webhooks%00"):
        assert_problem(await manager.get(path), 404, "no-such-path")


async def test_a_wrong_method_is_told_all_that_are_right(manager: httpx.AsyncClient) -> None:
    got = await manager.put("/api/v1/webhooks/x")

    assert_problem(got, 405, "wrong-method")
    assert got.headers["allow"] == "DELETE, GET, HEAD, OPTIONS, PATCH"


async def test_options_of_the_server_as_a_whole_are_at_no_path(nobody: httpx.AsyncClient) -> None:
    # RFC 9110, 9.3.7: the target is the asterisk itself.
    got = await nobody.options("/", extensions={"target": b"*"})

    assert_problem(got, 404, "no-such-path")


async def test_options_tell_the_methods(manager: httpx.AsyncClient) -> None:
    got = await manager.options("/api/v1/webhooks")

    assert (got.status_code, got.content) == (204, b"")
    assert got.headers["allow"] == "GET, HEAD, OPTIONS, POST"


async def test_head_is_get_without_a_body(manager: httpx.AsyncClient) -> None:
    head, get = await manager.head("/api/v1/webhooks"), await manager.get("/api/v1/webhooks")

    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == get.headers["content-length"]


async def test_nothing_that_the_api_answers_may_be_stored(
    manager: httpx.AsyncClient, nobody: httpx.AsyncClient
) -> None:
    for got in (await manager.get("/api/v1/webhooks"), await nobody.get("/api/v1/webhooks")):
        assert got.headers["cache-control"] == "no-store"


async def test_no_other_site_may_read_what_the_api_answers(manager: httpx.AsyncClient) -> None:
    got = await manager.get("/api/v1/webhooks", headers={"origin": "https://evil.example"})

    assert not [name for name in got.headers if name.startswith("access-control")]


GARBAGE = [
    (b"", 400, "malformed"),
    (b"{", 400, "malformed"),
    (b"{}}", 400, "malformed"),
    (b"\xff\xfe{}", 400, "malformed"),
    (b'{"changes":[],}', 400, "malformed"),
    (b'{"changes":NaN}', 400, "malformed"),
    (b'{"name":"\\ud800"}', 400, "malformed"),
    (b"[" * 100_000, 400, "malformed"),
    (b"null", 422, "invalid"),
    (b'"text"', 422, "invalid"),
    (b"[]", 422, "invalid"),
    (b"1e999", 400, "malformed"),
    (b'{"name":' + b"9" * 5000 + b"}", 400, "malformed"),
    (b'{"changes":5,"name":5,"actions":5}', 422, "invalid"),
    (b'{"\\u0000":1,"name":"\\u0000"}', 422, "invalid"),
]
TAKERS = [
    ("POST", "/api/v1/changes"),
    ("POST", "/api/v1/webhooks"),
    ("PATCH", "/api/v1/webhooks/x"),
    ("POST", "/api/v1/resellers"),
    ("POST", "/api/billing/v1/orders"),
    ("PUT", "/api/billing/v1/subscriptions/x"),
]


@pytest.mark.usefixtures("northwind")
async def test_garbage_is_refused_in_one_way(
    platform: httpx.AsyncClient, subtests: pytest.Subtests
) -> None:
    for body, status, name in GARBAGE:
        with subtests.test(body=body, status=status, name=name):
            got = [
                (method, path, await platform.request(method, path, content=body, headers=JSON))
                for method, path in TAKERS
            ]

            unlike = [
                (method, path, one.text)
                for method, path, one in got
                if (one.status_code, one.json()["type"]) != (status, f"/docs#{name}")
            ]
            assert unlike == []


@pytest.mark.usefixtures("northwind")
@pytest.mark.parametrize(
    "kind",
    [None, "", "text/plain", "application/x-www-form-urlencoded", "json", "application/jsonx"],
)
async def test_a_body_that_does_not_say_it_is_json_is_not_read(
    platform: httpx.AsyncClient, kind: str | None
) -> None:
    headers = {} if kind is None else {"content-type": kind}

    for method, path in TAKERS:
        got = await platform.request(method, path, content=b"{}", headers=headers)
        assert_problem(got, 415, "not-json")


@pytest.mark.usefixtures("northwind")
async def test_a_body_that_is_compressed_is_not_read(platform: httpx.AsyncClient) -> None:
    for method, path in TAKERS:
        headers = JSON | {"content-encoding": "gzip"}
        got = await platform.request(method, path, content=gzip.compress(b"{}"), headers=headers)
        assert_problem(got, 415, "not-json")
        assert "'gzip'" in got.json()["detail"]


async def test_a_number_of_thousands_of_digits_is_told_in_our_words(
    manager: httpx.AsyncClient,
) -> None:
    got = await manager.get(f"/api/v1/webhooks?limit={'9' * 4400}")

    assert_problem(got, 422, "invalid")
    assert got.json()["detail"] == "must be a whole number with fewer digits"


async def test_json_may_say_its_charset(platform: httpx.AsyncClient, northwind: Reseller) -> None:
    got = await platform.post(
        "/api/v1/resellers",
        content=b'{"name":"Contoso"}',
        headers={"content-type": "Application/JSON; charset=utf-8"},
    )

    assert got.status_code == 201


async def test_a_body_over_a_mebibyte_is_refused_everywhere_else(
    platform: httpx.AsyncClient, northwind: Reseller
) -> None:
    for method, path in TAKERS[1:]:
        got = await platform.request(method, path, content=b" " * (1024**2 + 1), headers=JSON)
        assert_problem(got, 413, "too-large")


async def test_a_client_that_sends_all_before_it_reads_sees_that_it_was_too_much(
    running: Running, platform: httpx.AsyncClient
) -> None:
    size = 40 * 1024**2
    head = (
        f"POST /api/v1/changes HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
        f"authorization: {platform.headers['authorization']}\r\ncontent-length: {size}\r\n\r\n"
    )

    answer = await asyncio.to_thread(_send_then_read, running.url, head.encode() + b" " * size)

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"/docs#too-large" in answer


def _send_then_read(url: str, request: bytes) -> bytes:
    address = urlsplit(url)
    with socket.create_connection((address.hostname, address.port), timeout=30) as connection:
        connection.sendall(request)
        return connection.recv(65536)


@pytest.mark.usefixtures("northwind")
async def test_unknown_query_parameters_are_refused_with_the_known_ones(
    platform: httpx.AsyncClient,
) -> None:
    got = await platform.get("/api/v1/deliveries?stat=FAILED&limit=1&x%7Ey=1")
    none = await platform.post("/api/v1/resellers?dry=1", json={"name": "x"})

    assert_problem(got, 422, "invalid")
    known = "action, cursor, from, limit, reseller, resource, resourceUuid, state, to, webhook"
    detail = f"is no query parameter of this path; it has {known}"
    assert got.json()["errors"] == [
        {"pointer": "/stat", "detail": detail},
        {"pointer": "/x~0y", "detail": detail},
    ]
    assert none.json()["errors"] == [
        {"pointer": "/dry", "detail": "is no query parameter of this path; it has none"}
    ]


async def test_the_address_in_a_notification_answers_as_it_is(
    platform: httpx.AsyncClient, northwind: Reseller
) -> None:
    change = {"reseller": northwind.uuid, "type": "COMPANY", "uuid": "c-1"}
    await platform.post("/api/v1/changes", json={"changes": [change | {"content": {"name": "A"}}]})

    got = await platform.get("/api/account/v1/companies/c-1?isExternalId=false")

    assert got.json()["name"] == "A"


async def test_a_fault_of_our_own_says_nothing(
    running: Running, platform: httpx.AsyncClient, northwind: Reseller
) -> None:
    gone = {"reseller": northwind.uuid, "type": "LEAD", "uuid": "x", "removed": True}

    async def post() -> httpx.Response:
        headers = {"idempotency-key": "k"}
        return await platform.post("/api/v1/changes", json={"changes": [gone]}, headers=headers)

    await post()
    with running.database.write() as tx:
        tx.connection.exec_driver_sql("UPDATE idempotency SET answer = 'broken'")

    got = await post()

    assert_problem(got, 500, "unexpected")
    assert got.json()["detail"] == "something went wrong here; it is in the log"


async def test_a_fault_leaves_no_token_of_a_link_in_the_log(
    running: Running, northwind: Reseller
) -> None:
    token = users.add(running.database, "ana@acme.example", Role.ADMIN, northwind.uuid)
    with running.database.write() as tx:
        tx.connection.exec_driver_sql("UPDATE sign_in_link SET opens = 'broken'")

    with capture_logs() as lines:
        async with httpx.AsyncClient(base_url=running.url) as nobody:
            got = await nobody.get(f"{paths.SIGN_IN}/{token}")

    assert got.status_code == 500
    assert [line["path"] for line in lines if line["event"] == "a request failed"] == [
        f"{paths.SIGN_IN}/{{token}}"
    ]
    assert token not in str(lines)


async def test_a_store_that_lacks_a_table_is_told_without_the_drivers_words(
    running: Running, manager: httpx.AsyncClient
) -> None:
    with running.database.write() as tx:
        tx.connection.exec_driver_sql("ALTER TABLE webhook RENAME TO webhooks")

    got = await manager.get("/api/v1/webhooks")

    assert_problem(got, 503, "unavailable")
    assert got.json()["detail"] == "the store lacks tables of this version"


async def test_an_answer_does_not_grow_with_what_was_asked(
    platform: httpx.AsyncClient, northwind: Reseller
) -> None:
    long = "x" * 10_000
    given = {"type": "LEAD", "uuid": "x", "removed": True}
    bodies = [
        {"changes": [given | {"reseller": long}]},
        {"changes": [given | {"reseller": northwind.uuid, long: 1}]},
    ]
    got = [await platform.post("/api/v1/changes", json=one) for one in bodies]
    paths = (f"/api/{long}", f"/api/lead/v2/leads/{long}", f"/api/v1/webhooks?reseller={long}")
    got += [await platform.get(path) for path in (*paths, f"/schemas/{long}.json")]

    assert [one.status_code for one in got] == [422, 422, 404, 404, 404, 404]
    assert [one.text for one in got if len(one.content) > 600] == []


@pytest.mark.parametrize(
    "body", [{f"k{number}": 1 for number in range(60_000)}, {"actions": [["ADDED"]] * 60_000}]
)
async def test_a_body_of_very_many_values_is_refused_as_a_whole(
    manager: httpx.AsyncClient, northwind: Reseller, body: dict[str, Any]
) -> None:
    answer = await manager.post("/api/v1/webhooks", json=body)

    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"pointer": "", "detail": str(VALUES_TOO_MANY(most=5_000))}]
