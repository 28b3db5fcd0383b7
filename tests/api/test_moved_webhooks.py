"""A change of the host that a webhook leads to, by API: stored secrets do not follow."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from reseller_webhooks.core.access.audit import Act, AuditLine, AuditQuery
from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.operations import audit
from tests.conftest import Running, serving
from tests.receivers.authority import Authority
from tests.receivers.behaviours import answers
from tests.receivers.receiver import Receiver

PATH = "/api/v1/webhooks"
SPEC = {"url": "https://localhost:9/in", "resource": "LEAD", "actions": ["ADDED"]}
TOKEN = {"type": "TOKEN", "token": "f1rst-token"}
CLIENT = {"tokenUrl": "https://localhost:9/token", "clientId": "crm", "clientSecret": "s3cret"}
PASSWORD = {"type": "OAUTH2_PASSWORD", **CLIENT, "username": "ana", "password": "pa55word"}
CREDENTIALS = {"type": "OAUTH2_CLIENT_CREDENTIALS", **CLIENT}
NAMED = [
    (TOKEN, ["/auth/token"]),
    (PASSWORD, ["/auth/clientSecret", "/auth/password"]),
    (CREDENTIALS, ["/auth/clientSecret"]),
]


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority()


@pytest.fixture
async def running(tmp_path: Path, migrated: Path, authority: Authority) -> AsyncIterator[Running]:
    async with serving(tmp_path, migrated, ca_file=authority.write(tmp_path)) as one:
        yield one


@pytest.fixture
async def other(authority: Authority) -> AsyncIterator[Receiver]:
    """A server on another port, which stands for somebody else's host."""
    async with Receiver(answers(200, b"thanks"), tls=authority.serves("localhost")) as one:
        yield one


async def added(manager: httpx.AsyncClient, auth: Any) -> str:
    answer = await manager.post(PATH, json=SPEC | {"auth": auth})
    return f"{PATH}/{answer.json()['id']}"


def lines_of_tests(running: Running, reseller: Reseller) -> list[AuditLine]:
    lines = audit.page(running.database, AuditQuery(reseller.id, subject="webhook"))
    return [line for line in lines if line.act == Act.WEBHOOK_TESTED]


@pytest.mark.parametrize(("auth", "pointers"), NAMED, ids=["token", "password", "credentials"])
async def test_another_host_without_its_secrets_is_refused_and_nothing_is_sent(
    running: Running,
    northwind: Reseller,
    manager: httpx.AsyncClient,
    other: Receiver,
    auth: dict[str, str],
    pointers: list[str],
) -> None:
    one = await added(manager, auth)
    moved = {"url": other.url(host="localhost")}
    answers = [await manager.patch(one, json=moved), await manager.post(f"{one}/test", json=moved)]

    for answer in answers:
        assert answer.status_code == 422
        assert [problem["pointer"] for problem in answer.json()["errors"]] == pointers
    assert (await manager.get(one)).json()["url"] == SPEC["url"]
    assert (other.requests, other.connections) == ([], 0)
    assert lines_of_tests(running, northwind) == []


async def test_with_its_secrets_a_webhook_moves_and_is_tested(
    running: Running, northwind: Reseller, manager: httpx.AsyncClient, other: Receiver
) -> None:
    one = await added(manager, TOKEN)
    moved = {"url": other.url(host="localhost"), "auth": TOKEN | {"token": "s3cond-token"}}
    tried = await manager.post(f"{one}/test", json=moved)
    before = (await manager.get(one)).json()["url"]
    saved = await manager.patch(one, json=moved)

    assert (tried.json()["outcome"], saved.status_code) == ("ACCEPTED", 200)
    assert before == SPEC["url"]
    (request,) = other.requests
    assert request.header("x-appdirect-webhook-token") == "s3cond-token"
    (line,) = lines_of_tests(running, northwind)
    assert (line.subject_uuid, line.details) == (
        one.rpartition("/")[2],
        {"host": f"localhost:{other.port}"},
    )


@pytest.mark.parametrize(
    "change",
    [{"url": "https://LOCALHOST:9/other"}, {"auth": {"type": "NONE"}, "url": "https://x.example"}],
)
async def test_another_path_and_no_authentication_need_no_secrets(
    manager: httpx.AsyncClient, change: dict[str, Any]
) -> None:
    answer = await manager.patch(await added(manager, TOKEN), json=change)

    assert answer.status_code == 200


async def test_another_token_server_cannot_be_given_without_its_secrets(
    manager: httpx.AsyncClient, other: Receiver
) -> None:
    one = await added(manager, PASSWORD)
    kept = {name: PASSWORD[name] for name in ("type", "clientId", "username")}
    moved = {"auth": kept | {"tokenUrl": other.url("/token", host="localhost")}}
    for answer in (
        await manager.patch(one, json=moved),
        await manager.post(f"{one}/test", json=moved),
    ):
        assert answer.status_code == 422
        assert {problem["pointer"].rpartition("/")[2] for problem in answer.json()["errors"]} == {
            "clientSecret",
            "password",
        }
    assert other.connections == 0


async def test_a_test_of_what_is_stored_is_in_the_audit_log(
    running: Running, northwind: Reseller, manager: httpx.AsyncClient
) -> None:
    await manager.post(f"{await added(manager, PASSWORD)}/test")
    (line,) = lines_of_tests(running, northwind)

    assert line.details == {"host": "localhost:9", "token_host": "localhost:9"}
    assert (line.actor_kind, line.address) == ("key", "127.0.0.1")
