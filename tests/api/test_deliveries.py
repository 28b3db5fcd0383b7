"""Deliveries by API, with a receiver that really gets them."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.core.deliveries.secret_masking import MASK
from reseller_webhooks.operations.test_webhook import TESTS_MAX
from tests.api.sse_client import delivery_that
from tests.conftest import Running, serving
from tests.receivers.authority import Authority
from tests.receivers.behaviours import answers, hangs
from tests.receivers.receiver import Behaviour, Conversation, Receiver

PATH = "/api/v1/deliveries"
Receiving = Callable[[Behaviour], Receiver]


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def receiving(authority: Authority) -> Receiving:
    return lambda behaviour: Receiver(behaviour, tls=authority.serves("localhost"))


@pytest.fixture
async def running(tmp_path: Path, migrated: Path, authority: Authority) -> AsyncIterator[Running]:
    """Trusts the receivers, and gives up after three attempts."""
    given = {"ca_file": authority.write(tmp_path), "retry_schedule": "0.02,0.02"}
    async with serving(tmp_path, migrated, **given) as one:
        yield one


async def told(
    manager: httpx.AsyncClient, platform: httpx.AsyncClient, url: str, **given: Any
) -> dict[str, Any]:
    """A webhook, and one company for it to be told of; the webhook."""
    spec = {"url": url, "resource": "COMPANY", "actions": ["ADDED"]} | given
    webhook = await manager.post("/api/v1/webhooks", json=spec)
    await platform.put("/api/account/v1/companies/c1", json={"name": "Acme"})
    shown: dict[str, Any] = webhook.json()
    return shown


async def test_a_delivery_shows_what_was_sent_and_what_came_back(
    manager: httpx.AsyncClient, platform: httpx.AsyncClient, receiving: Receiving
) -> None:
    async with receiving(answers(201, b"thanks")) as receiver:
        token = {"type": "TOKEN", "token": "secret-token"}
        url = receiver.url(host="localhost")
        webhook = await told(manager, platform, url, auth=token)
        delivery = await delivery_that(manager, state="DELIVERED")
        (request,) = await receiver.received(1)

    got = (await manager.get(f"{PATH}/{delivery['id']}")).json()

    (attempt,) = got.pop("attempts")
    sent = {name.lower(): value for name, value in request.headers}
    shown = attempt.pop("requestHeaders")
    answered = attempt.pop("responseHeaders")
    assert got.pop("payload") == json.loads(request.body)
    assert got == delivery
    assert (got["webhook"], got["url"]) == (webhook["id"], url)
    assert (got["resource"], got["resourceUuid"], got["action"]) == ("COMPANY", "c1", "ADDED")
    assert (got["version"], got["attemptCount"], got["nextAt"]) == (1, 1, None)
    assert attempt | {"at": 0, "ms": 0} == {
        "number": 1,
        "at": 0,
        "ms": 0,
        "outcome": "ACCEPTED",
        "status": 201,
        "reason": None,
        "detail": "",
        "note": None,
        "response": "thanks",
    }
    assert shown == {
        name: MASK if name == "x-appdirect-webhook-token" else sent[name]
        for name in shown
        if name != "webhook-signature"
    } | {"webhook-signature": f"v1,{MASK}"}
    assert answered["content-length"] == "6"
    assert "secret-token" not in json.dumps(got)


async def test_the_payload_is_answered_byte_for_byte(
    manager: httpx.AsyncClient, platform: httpx.AsyncClient, receiving: Receiving
) -> None:
    async with receiving(answers(200)) as receiver:
        await told(manager, platform, receiver.url(host="localhost"))
        delivery = await delivery_that(manager, state="DELIVERED")
        (request,) = await receiver.received(1)

    got = await manager.get(f"{PATH}/{delivery['id']}")

    assert b'"payload":' + request.body in got.content


async def test_a_failed_delivery_is_repeated_as_a_new_one(
    manager: httpx.AsyncClient, platform: httpx.AsyncClient, receiving: Receiving
) -> None:
    async with receiving(answers(500)) as receiver:
        await told(manager, platform, receiver.url(host="localhost"))
        failed = await delivery_that(manager, state="FAILED")
        receiver.behaviour = answers(200)

        answer = await manager.post(f"{PATH}/{failed['id']}/retry")

        made = answer.json()
        repeated = await delivery_that(manager, id=made["id"])
        event = (await manager.get(f"/api/v1/events/{failed['event']}")).json()

    assert answer.status_code == 201
    assert answer.headers["location"] == f"{PATH}/{made['id']}"
    assert made["replayOf"] == failed["id"]
    assert (failed["attemptCount"], failed["last"]["status"]) == (3, 500)
    assert (repeated["event"], repeated["webhook"]) == (failed["event"], failed["webhook"])
    assert [one["id"] for one in event["deliveries"]] == [made["id"], failed["id"]]


async def test_all_that_failed_in_a_period_is_repeated_at_once(
    manager: httpx.AsyncClient, platform: httpx.AsyncClient, receiving: Receiving
) -> None:
    async with receiving(answers(500)) as receiver:
        webhook = await told(manager, platform, receiver.url(host="localhost"))
        failed = await delivery_that(manager, state="FAILED")
        path = f"/api/v1/webhooks/{webhook['id']}/retry-failed"

        before = await manager.post(path, json={"from": 0, "to": failed["createdAt"]})
        since = await manager.post(path, json={"from": failed["createdAt"]})

    assert before.json() == {"count": 0}
    assert since.json() == {"count": 1}


async def test_a_pending_delivery_is_not_repeated(
    manager: httpx.AsyncClient, platform: httpx.AsyncClient
) -> None:
    webhook = await told(manager, platform, "https://localhost:9/in")
    await manager.post(f"/api/v1/webhooks/{webhook['id']}/pause")
    await platform.delete("/api/account/v1/companies/c1")
    await platform.put("/api/account/v1/companies/c1", json={"name": "Acme"})
    (newest, *_) = (await manager.get(PATH)).json()["items"]

    answer = await manager.post(f"{PATH}/{newest['id']}/retry")

    assert newest["state"] == "PENDING"
    assert answer.status_code == 409


async def test_a_test_notification_goes_out_at_once_and_leaves_no_delivery(
    manager: httpx.AsyncClient, receiving: Receiving
) -> None:
    async with receiving(answers(202, b"got it")) as receiver:
        spec = {
            "url": receiver.url(host="localhost"),
            "resource": "LEAD",
            "actions": ["REMOVED"],
        }
        webhook = (await manager.post("/api/v1/webhooks", json=spec)).json()

        trial = (await manager.post(f"/api/v1/webhooks/{webhook['id']}/test")).json()

    body = json.loads(receiver.requests[0].body)
    assert trial.pop("ms") >= 0
    assert trial == {
        "outcome": "ACCEPTED",
        "status": 202,
        "reason": None,
        "detail": "",
        "response": "got it",
    }
    assert (body["resource"]["type"], body["resourceVersion"]) == ("LEAD", 0)
    assert (await manager.get(PATH)).json()["items"] == []


async def test_a_token_that_the_receiver_echoes_is_masked(
    manager: httpx.AsyncClient, platform: httpx.AsyncClient, receiving: Receiving
) -> None:
    async def echoes_the_token(talk: Conversation) -> None:
        while request := await talk.request():
            token = (request.header("x-appdirect-webhook-token") or "").encode()
            await talk.answer(200, b"you sent " + token, x_echo=token.decode())

    async with receiving(echoes_the_token) as receiver:
        token = {"type": "TOKEN", "token": "secret-token"}
        webhook = await told(manager, platform, receiver.url(host="localhost"), auth=token)
        delivery = await delivery_that(manager, state="DELIVERED")
        tried = (await manager.post(f"/api/v1/webhooks/{webhook['id']}/test")).json()
    got = (await manager.get(f"{PATH}/{delivery['id']}")).json()

    (attempt,) = got["attempts"]
    assert attempt["response"] == tried["response"] == f"you sent {MASK}"
    assert attempt["responseHeaders"]["x-echo"] == MASK
    assert "secret-token" not in json.dumps([got, tried])


async def test_a_reseller_has_so_many_tests_at_once(
    manager: httpx.AsyncClient, receiving: Receiving
) -> None:
    async with receiving(hangs) as receiver:
        spec = {"url": receiver.url(host="localhost"), "resource": "LEAD", "actions": ["ADDED"]}
        webhook = (await manager.post("/api/v1/webhooks", json=spec)).json()
        path = f"/api/v1/webhooks/{webhook['id']}/test"
        under_way = [asyncio.create_task(manager.post(path)) for _ in range(TESTS_MAX)]
        await receiver.received(TESTS_MAX)

        refused = await manager.post(path)

    await asyncio.gather(*under_way)
    assert refused.status_code == 503


async def test_a_test_that_fails_says_why(manager: httpx.AsyncClient, northwind: Reseller) -> None:
    spec = {"url": "https://localhost:9/in", "resource": "LEAD", "actions": ["ADDED"]}
    webhook = (await manager.post("/api/v1/webhooks", json=spec)).json()

    trial = (await manager.post(f"/api/v1/webhooks/{webhook['id']}/test")).json()

    assert (trial["outcome"], trial["status"], trial["reason"]) == ("FAILED", None, "CONNECT")
    assert trial["detail"]
