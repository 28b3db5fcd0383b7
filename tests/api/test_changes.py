"""POST /api/v1/changes."""

import asyncio
import json
from typing import Any

import httpx
import orjson
import pytest
from sqlalchemy import update

from reseller_webhooks.core.access.permissions import Scope
from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.store.tables import idempotency
from tests.api.conftest import client
from tests.conftest import Running

PATH = "/api/v1/changes"


def company(reseller: Reseller, uuid: str, **given: object) -> dict[str, Any]:
    content = {"name": "Acme Ltd"} | given
    return {"reseller": reseller.uuid, "type": "COMPANY", "uuid": uuid, "content": content}


def gone(reseller: Reseller, uuid: str) -> dict[str, Any]:
    return {"reseller": reseller.uuid, "type": "COMPANY", "uuid": uuid, "removed": True}


async def post(
    client: httpx.AsyncClient, *changes: object, key: str | None = None
) -> httpx.Response:
    headers = {} if key is None else {"idempotency-key": key}
    return await client.post(PATH, json={"changes": changes}, headers=headers)


async def count(client: httpx.AsyncClient) -> int:
    return len((await client.get("/api/account/v1/companies")).json()["items"])


async def test_each_change_has_a_result_in_its_place(
    platform: httpx.AsyncClient, northwind: Reseller
) -> None:
    await post(platform, company(northwind, "c1"), company(northwind, "c2"))

    answer = await post(
        platform,
        company(northwind, "c1"),
        gone(northwind, "c2"),
        company(northwind, "c1", name="Acme"),
        company(northwind, "c3"),
    )

    results = answer.json()["results"]
    assert answer.status_code == 200
    assert [list(one) for one in results] == [["uuid", "version", "action", "event"]] * 4
    assert [(one["uuid"], one["version"], one["action"]) for one in results] == [
        ("c1", 1, "UNCHANGED"),
        ("c2", 2, "REMOVED"),
        ("c1", 2, "CHANGED"),
        ("c3", 1, "ADDED"),
    ]
    assert [one["event"] is None for one in results] == [True, False, False, False]


async def test_one_bad_change_leaves_nothing_of_the_others(
    platform: httpx.AsyncClient, northwind: Reseller
) -> None:
    bad = company(northwind, "c2") | {"reseller": "nobody"}

    answer = await post(platform, company(northwind, "c1"), bad)

    assert answer.status_code == 422
    assert [one["pointer"] for one in answer.json()["errors"]] == ["/changes/1/reseller"]
    assert await count(platform) == 0


async def test_a_status_that_cannot_follow_is_told_at_its_place(
    platform: httpx.AsyncClient, northwind: Reseller
) -> None:
    def invoice(status: str) -> dict[str, Any]:
        one = company(northwind, "7") | {"type": "INVOICE"}
        return one | {"content": {"status": status}}

    answer = await post(platform, invoice("VOIDED"), invoice("PAID"))

    assert [one["pointer"] for one in answer.json()["errors"]] == ["/changes/1/content/status"]


BROKEN_CHANGES: list[tuple[dict[str, Any], str, str]] = [
    ({"reseller": 5}, "/reseller", "text"),
    ({"reseller": "a\0"}, "/reseller", "cannot be seen"),
    ({"type": "COMPANIES"}, "/type", "APP_ASSIGNMENT"),
    ({"type": ["COMPANY"]}, "/type", "text"),
    ({"uuid": "a b"}, "/uuid", "characters"),
    ({"uuid": None}, "/uuid", "text"),
    ({"content": 5}, "/content", "object"),
    ({"content": {"name": 5}}, "/content/name", "text"),
    ({"content": {}}, "/content/name", "missing"),
    ({"content": {"name": "A", "uuid": "other"}}, "/content/uuid", "another record"),
    ({"removed": True}, "/content", "left out"),
    ({"removed": "yes"}, "/removed", "true or false"),
    ({"colour/x": 1}, "/colour~1x", "not known"),
]


async def test_what_is_wrong_is_told_with_its_pointer(
    platform: httpx.AsyncClient, northwind: Reseller, subtests: pytest.Subtests
) -> None:
    for broken, pointer, word in BROKEN_CHANGES:
        with subtests.test(broken=broken, pointer=pointer, word=word):
            answer = await post(
                platform, company(northwind, "c1"), company(northwind, "c2") | broken
            )

            (error,) = answer.json()["errors"]
            assert answer.status_code == 422
            assert error["pointer"] == f"/changes/1{pointer}"
            assert word in error["detail"]


async def test_every_problem_of_a_request_is_told_up_to_a_hundred(
    platform: httpx.AsyncClient, northwind: Reseller
) -> None:
    few = await post(platform, {}, company(northwind, "c1", name=1, enabled=2))
    many = await post(platform, *[company(northwind, "c1", name=1)] * 300)

    assert [one["pointer"] for one in few.json()["errors"]] == [
        "/changes/0/reseller",
        "/changes/0/type",
        "/changes/0/uuid",
        "/changes/0/content",
        "/changes/1/content/name",
        "/changes/1/content/enabled",
    ]
    assert len(many.json()["errors"]) == 100
    assert "more than 100" in many.json()["detail"]


BODIES_OF_ANOTHER_SHAPE = [
    b"[]",
    b"{}",
    b'{"changes":[]}',
    b'{"changes":{}}',
    b'{"changes":[{}],"more":1}',
    b"5",
]


async def test_a_body_of_another_shape_is_invalid(
    platform: httpx.AsyncClient, subtests: pytest.Subtests
) -> None:
    for body in BODIES_OF_ANOTHER_SHAPE:
        with subtests.test(body=body):
            answer = await platform.post(
                PATH, content=body, headers={"content-type": "application/json"}
            )

            assert answer.status_code == 422


async def test_a_thousand_changes_pass_and_one_more_does_not(
    platform: httpx.AsyncClient, northwind: Reseller
) -> None:
    changes = [company(northwind, f"c{number}") for number in range(1001)]

    passed = await post(platform, *changes[:1000])
    refused = await post(platform, *changes)

    assert passed.status_code == 200
    assert len(passed.json()["results"]) == 1000
    assert refused.status_code == 422


async def test_a_repeat_gets_the_first_answer(
    platform: httpx.AsyncClient, northwind: Reseller
) -> None:
    first = await post(platform, company(northwind, "c1"), key="k")
    await post(platform, company(northwind, "c1", name="Other"))

    again = await post(platform, company(northwind, "c1"), key="k")

    assert again.content == first.content
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers


async def test_a_key_for_another_body_is_refused(
    platform: httpx.AsyncClient, northwind: Reseller
) -> None:
    await post(platform, company(northwind, "c1"), key="k")

    answer = await post(platform, company(northwind, "c2"), key="k")

    assert answer.status_code == 422
    assert answer.json()["type"] == "/docs#key-reused"
    assert await count(platform) == 1


async def test_the_same_key_of_another_api_key_is_another_request(
    running: Running, platform: httpx.AsyncClient, northwind: Reseller
) -> None:
    await post(platform, company(northwind, "c1"), key="k")
    async with client(running, Scope.PLATFORM, None) as other:
        different = await post(other, company(northwind, "c2"), key="k")
        repeated = await post(other, company(northwind, "c2"), key="k")
    await post(platform, company(northwind, "c1", name="Other"))
    async with client(running, Scope.PLATFORM, None) as third:
        same_body = await post(third, company(northwind, "c1"), key="k")

    assert different.json()["results"][0]["action"] == "ADDED"
    assert repeated.headers["idempotency-replayed"] == "true"
    assert same_body.json()["results"][0]["action"] == "CHANGED"
    assert await count(platform) == 2


async def test_what_the_version_before_remembered_answers_a_repeat_and_refuses_nobody(
    running: Running, platform: httpx.AsyncClient, northwind: Reseller
) -> None:
    first = await post(platform, company(northwind, "c1"), key="k")
    with running.database.write() as tx:
        tx.connection.execute(update(idempotency).values(key="k"))  # as it was stored before
    await post(platform, company(northwind, "c1", name="Other"))

    again = await post(platform, company(northwind, "c1"), key="k")
    another_body = await post(platform, company(northwind, "c2"), key="k")

    assert again.content == first.content
    assert again.headers["idempotency-replayed"] == "true"
    assert another_body.json()["results"][0]["action"] == "ADDED"


async def test_requests_with_one_key_at_once_apply_once(
    platform: httpx.AsyncClient, northwind: Reseller
) -> None:
    answers = await asyncio.gather(
        *(post(platform, company(northwind, "c1"), key="k") for _ in range(20))
    )

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert sum("idempotency-replayed" not in answer.headers for answer in answers) == 1


async def test_a_refused_request_does_not_use_its_key_up(
    platform: httpx.AsyncClient, northwind: Reseller
) -> None:
    await post(platform, company(northwind, "c1", name=None), key="k")

    answer = await post(platform, company(northwind, "c1"), key="k")

    assert answer.status_code == 200


IMPOSSIBLE_KEYS = ["", "a b", "k" * 256]


async def test_a_key_that_cannot_be_one_is_refused(
    platform: httpx.AsyncClient, northwind: Reseller, subtests: pytest.Subtests
) -> None:
    for key in IMPOSSIBLE_KEYS:
        with subtests.test(key=key):
            answer = await post(platform, company(northwind, "c1"), key=key)

            assert [one["pointer"] for one in answer.json()["errors"]] == ["/Idempotency-Key"]


async def test_a_body_over_ten_mebibytes_is_refused_though_no_length_was_announced(
    platform: httpx.AsyncClient,
) -> None:
    async def chunks() -> Any:
        for _ in range(11):
            yield b" " * 1024 * 1024

    headers = {"content-type": "application/json"}
    chunked = await platform.post(PATH, content=chunks(), headers=headers)
    announced = await platform.post(PATH, content=b" " * (10 * 1024 * 1024 + 1), headers=headers)

    assert (chunked.status_code, announced.status_code) == (413, 413)
    assert chunked.headers["content-type"] == "application/problem+json"


async def test_changes_are_counted_by_action(
    platform: httpx.AsyncClient, northwind: Reseller
) -> None:
    def added(metrics: str) -> float:
        name = 'reseller_webhooks_changes_total{action="ADDED"} '
        lines = [line for line in metrics.splitlines() if line.startswith(name)]
        return float(lines[0].removeprefix(name)) if lines else 0.0

    before = added((await platform.get("/metrics")).text)
    await post(platform, company(northwind, "c1"), company(northwind, "c2"), key="k")
    await post(platform, company(northwind, "c1"), company(northwind, "c2"), key="k")

    assert added((await platform.get("/metrics")).text) == before + 2


async def test_a_notification_tells_exactly_what_its_url_answers(
    platform: httpx.AsyncClient, northwind: Reseller
) -> None:
    answer = await post(platform, company(northwind, "c1", note="ä", price=1.50))
    event = await platform.get(f"/api/v1/events/{answer.json()['results'][0]['event']}")
    resource = event.json()["payload"]["resource"]

    got = await platform.get(resource["url"])

    assert orjson.dumps(resource["content"]) == got.content
    assert b'"content":' + got.content in event.content


async def test_money_arrives_as_it_was_written_and_the_same_amount_is_no_change(
    platform: httpx.AsyncClient, northwind: Reseller
) -> None:
    headers = {"content-type": "application/json"}
    change = json.dumps({"changes": [company(northwind, "c1", price="PRICE")]})
    given = [change.replace('"PRICE"', price) for price in ("10.00", "10.0", "10", "10.01")]
    answers = [
        (await platform.post(PATH, content=body, headers=headers)).json()["results"][0]
        for body in given
    ]
    event = await platform.get(f"/api/v1/events/{answers[0]['event']}")

    assert b'"price":10.00' in event.content
    assert [one["action"] for one in answers] == ["ADDED", "UNCHANGED", "UNCHANGED", "CHANGED"]
