"""Webhooks by API."""

from typing import Any

import httpx
import orjson
import pytest
from sqlalchemy import select

from reseller_webhooks.core.access.audit import Act, AuditQuery
from reseller_webhooks.core.deliveries.circuits import Circuit
from reseller_webhooks.core.messages import plain
from reseller_webhooks.core.webhooks.webhook import SecretPurpose
from reseller_webhooks.operations import audit
from reseller_webhooks.operations.webhook_secrets import binding
from reseller_webhooks.store.tables import webhook
from reseller_webhooks.store.webhooks import circuit_states
from tests.conftest import Running

PATH = "/api/v1/webhooks"
SPEC = {
    "url": "https://hooks.example.com/in",
    "resource": "COMPANY",
    "actions": ["CHANGED", "ADDED"],
}
SECRET = "correct-horse-battery"
AUTH = SecretPurpose.AUTHENTICATION
TOKEN = {"type": "TOKEN", "token": SECRET}
CLIENT = {"tokenUrl": "https://id.example.com/token", "clientId": "me", "clientSecret": SECRET}
PASSWORD = {"type": "OAUTH2_PASSWORD", **CLIENT, "username": "ana", "password": SECRET}
CREDENTIALS = {"type": "OAUTH2_CLIENT_CREDENTIALS", **CLIENT, "scope": "write"}


async def add(client: httpx.AsyncClient, **given: object) -> httpx.Response:
    return await client.post(PATH, json=SPEC | given)


async def added(client: httpx.AsyncClient, **given: object) -> str:
    return f"{PATH}/{(await add(client, **given)).json()['id']}"


async def test_a_webhook_is_answered_as_the_contract_says(manager: httpx.AsyncClient) -> None:
    answer = await add(manager)

    shown = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == f"{PATH}/{shown['id']}"
    assert shown["signingSecret"].startswith("whsec_")
    assert shown["createdAt"].endswith("Z")
    for name in ("id", "signingSecret", "createdAt"):
        shown.pop(name)
    assert shown == {
        "url": "https://hooks.example.com/in",
        "resource": "COMPANY",
        "actions": ["ADDED", "CHANGED"],
        "auth": {"type": "NONE"},
        "format": "NOTIFICATION",
        "mode": "EVERY_CHANGE",
        "ordered": False,
        "maxInFlight": 10,
        "ratePerSecond": None,
        "state": "ACTIVE",
        "circuit": "CLOSED",
        "circuitReason": None,
        "circuitSince": None,
        "nextProbeAt": None,
        "pauseReason": None,
        "heldUntil": None,
    }


async def test_a_public_client_has_no_secret(manager: httpx.AsyncClient, running: Running) -> None:
    created = await add(manager, auth=CREDENTIALS | {"clientAuth": "NONE"})

    with running.database.read() as tx:
        (sealed,) = tx.connection.execute(select(webhook.c.auth_sealed)).scalars()
    auth = orjson.loads(running.program.box.open(sealed, binding(created.json()["id"], AUTH)))
    assert created.json()["auth"]["clientAuth"] == "NONE"
    assert auth["clientAuth"] == "NONE"
    assert "clientSecret" not in auth


async def test_what_the_version_before_does_not_know_is_stored_only_where_it_is_used(
    manager: httpx.AsyncClient, running: Running
) -> None:
    created = await add(manager, auth=CREDENTIALS | {"clientAuth": "AUTO"})

    with running.database.read() as tx:
        (sealed,) = tx.connection.execute(select(webhook.c.auth_sealed)).scalars()
    auth = orjson.loads(running.program.box.open(sealed, binding(created.json()["id"], AUTH)))
    assert auth == CREDENTIALS


async def test_the_signing_secret_is_shown_once(manager: httpx.AsyncClient) -> None:
    created = await add(manager)

    got = await manager.get(created.headers["location"])
    listed = await manager.get(PATH)

    rest = {name: value for name, value in created.json().items() if name != "signingSecret"}
    assert got.json() == rest
    assert listed.json() == {"items": [rest], "nextCursor": None}


@pytest.mark.parametrize(
    ("auth", "shown"),
    [
        (TOKEN, {"type": "TOKEN"}),
        (
            PASSWORD,
            {
                "type": "OAUTH2_PASSWORD",
                "tokenUrl": "https://id.example.com/token",
                "clientId": "me",
                "clientAuth": "AUTO",
                "username": "ana",
            },
        ),
        (
            CREDENTIALS,
            {
                "type": "OAUTH2_CLIENT_CREDENTIALS",
                "tokenUrl": "https://id.example.com/token",
                "clientId": "me",
                "clientAuth": "AUTO",
                "scope": "write",
            },
        ),
    ],
)
async def test_authentication_is_shown_without_its_secrets(
    manager: httpx.AsyncClient, auth: dict[str, str], shown: dict[str, str]
) -> None:
    created = await add(manager, auth=auth)

    got = await manager.get(created.headers["location"])
    assert created.json()["auth"] == got.json()["auth"] == shown
    assert SECRET not in created.text + got.text


BROKEN_WEBHOOKS: list[tuple[dict[str, Any], str, str]] = [
    ({"url": "http://hooks.example.com"}, "/url", "https://"),
    ({"url": "https://user:pw@hooks.example.com"}, "/url", "user name or password"),
    ({"url": "https://hooks.example.com/#x"}, "/url", "fragment"),
    ({"url": 5}, "/url", "text"),
    ({"resource": "COMPANIES"}, "/resource", "COMPANY, INVOICE, LEAD, ORDER, SUBSCRIPTION"),
    ({"actions": []}, "/actions", "at least 1"),
    ({"actions": ["DELETED"]}, "/actions/0", "ADDED, REMOVED, CHANGED"),
    ({"actions": "ADDED"}, "/actions", "list"),
    ({"auth": {"type": "BASIC"}}, "/auth/type", "NONE, TOKEN, OAUTH2_PASSWORD"),
    ({"auth": {"token": SECRET}}, "/auth/type", "missing"),
    ({"auth": {"type": "TOKEN"}}, "/auth/token", "missing"),
    ({"auth": {"type": "TOKEN", "token": f"{SECRET}\n"}}, "/auth/token", "matches"),
    ({"auth": {"type": "NONE", "token": SECRET}}, "/auth/token", "not known"),
    ({"auth": PASSWORD | {"tokenUrl": "http://x.example"}}, "/auth/tokenUrl", "https://"),
    ({"auth": PASSWORD | {"clientSecret": [SECRET]}}, "/auth/clientSecret", "text"),
    ({"auth": CREDENTIALS | {"clientSecret": None}}, "/auth/clientSecret", "missing"),
    ({"auth": CREDENTIALS | {"clientAuth": "POST"}}, "/auth/clientAuth", "AUTO, BASIC, BODY"),
    ({"auth": CREDENTIALS | {"clientAuth": "PRIVATE_KEY_JWT"}}, "/auth/privateKey", "missing"),
    (
        {"auth": CREDENTIALS | {"clientAuth": "PRIVATE_KEY_JWT", "privateKey": SECRET}},
        "/auth/privateKey",
        "is no private key in PEM",
    ),
    ({"mode": "LATEST"}, "/mode", "EVERY_CHANGE, LATEST_STATE"),
    ({"ordered": "yes"}, "/ordered", "true or false"),
    ({"maxInFlight": 0}, "/maxInFlight", "1 or more"),
    ({"maxInFlight": "10"}, "/maxInFlight", "whole number"),
    ({"max_in_flight": 10}, "/max_in_flight", "not known"),
    ({"ratePerSecond": 0}, "/ratePerSecond", "0.001 or more"),
    ({"colour": "red"}, "/colour", "not known"),
]


async def test_what_is_wrong_is_told_and_no_secret_comes_back(
    manager: httpx.AsyncClient, subtests: pytest.Subtests
) -> None:
    for given, pointer, words in BROKEN_WEBHOOKS:
        with subtests.test(given=given, pointer=pointer, words=words):
            answer = await add(manager, **given)

            (error,) = answer.json()["errors"]
            assert answer.status_code == 422
            assert error["pointer"] == pointer
            assert words in error["detail"]
            assert SECRET not in answer.text


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"url": "https://10.0.0.1/in"}, "/url"),
        ({"url": "https://[::1]/in"}, "/url"),
        ({"url": "https://169.254.169.254/latest"}, "/url"),
        ({"auth": PASSWORD | {"tokenUrl": "https://192.168.1.1/token"}}, "/auth/tokenUrl"),
    ],
)
async def test_an_address_inside_is_no_target(
    manager: httpx.AsyncClient, given: dict[str, object], pointer: str
) -> None:
    there = await added(manager, url="https://127.0.0.1/in")  # this program may send there
    refused = [await add(manager, **given), await manager.patch(there, json=given)]

    for answer in refused:
        assert answer.status_code == 422
        assert [one["pointer"] for one in answer.json()["errors"]] == [pointer]
        assert "ALLOW_TARGETS" in answer.json()["errors"][0]["detail"]


async def test_every_problem_is_told_at_once(manager: httpx.AsyncClient) -> None:
    answer = await manager.post(PATH, json={"actions": [], "auth": {"type": "TOKEN"}})

    assert {one["pointer"] for one in answer.json()["errors"]} == {
        "/url",
        "/resource",
        "/actions",
        "/auth/token",
    }


async def test_a_target_has_one_webhook_for_a_resource(manager: httpx.AsyncClient) -> None:
    await add(manager)

    assert (await add(manager, actions=["REMOVED"])).status_code == 409
    assert (await add(manager, resource="LEAD")).status_code == 201


async def test_a_patch_is_made_only_on_what_its_caller_has_seen(manager: httpx.AsyncClient) -> None:
    path = await added(manager)
    seen = (await manager.get(path)).headers["etag"]
    first = await manager.patch(path, json={"ratePerSecond": 5}, headers={"if-match": seen})
    late = await manager.patch(path, json={"ratePerSecond": 7}, headers={"if-match": seen})
    after = (await manager.get(path)).json()["ratePerSecond"]
    again = {"if-match": first.headers["etag"]}

    assert first.status_code == 200
    assert (late.status_code, late.json()["type"]) == (412, "/docs#outdated")
    assert after == 5
    assert (await manager.patch(path, json={"ratePerSecond": 7}, headers=again)).status_code == 200
    for anyway in ({"if-match": "*"}, {}):
        assert (await manager.patch(path, json={}, headers=anyway)).status_code == 200


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ("*", 200),
        ("{seen}", 200),
        ('"x", {seen}', 200),
        ('"x,y",,{seen} ,', 200),
        ('"x", "y"', 412),
        ('""', 412),
        ('"*"', 412),
        ('""*""', 412),
        ("W/{seen}", 412),
        ('"x{seen}"', 412),
        ("{bare}", 412),
        ('*, "x"', 412),
        ("", 412),
        (",", 412),
    ],
)
async def test_a_patch_is_made_when_one_whole_tag_of_the_list_is_the_present_one(
    manager: httpx.AsyncClient, given: str, status: int
) -> None:
    path = await added(manager)
    seen = (await manager.get(path)).headers["etag"]
    tags = given.format(seen=seen, bare=seen.strip('"'))
    answer = await manager.patch(path, json={"maxInFlight": 7}, headers={"if-match": tags})

    assert answer.status_code == status


async def test_a_patch_is_made_when_a_second_line_of_the_header_has_the_present_tag(
    manager: httpx.AsyncClient,
) -> None:
    path = await added(manager)
    seen = (await manager.get(path)).headers["etag"]
    lines = [("if-match", '"x"'), ("if-match", seen)]

    assert (await manager.patch(path, json={}, headers=lines)).status_code == 200


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ({"type": "TOKEN", "token": SECRET}, "an object"),
        ([SECRET], "a list"),
        (None, "null"),
        (True, "true"),
        (5, "5"),
        ("BASIC", '"BASIC"'),
    ],
)
async def test_a_kind_of_authentication_that_is_none_is_named_as_json_without_what_is_in_it(
    manager: httpx.AsyncClient, kind: object, told: str
) -> None:
    answer = await add(manager, auth={"type": kind})
    (wrong,) = answer.json()["errors"]

    assert (answer.status_code, wrong["pointer"]) == (422, "/auth/type")
    assert wrong["detail"].startswith(f"{told} is not known; it must be one of NONE, TOKEN, ")
    assert SECRET not in answer.text


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("scope", "x" * 4097, "is 4097 characters long; at most 4096 are possible"),
        ("scope", "a\x07b", "holds a character that cannot be seen; leave it out"),
        ("clientId", "a\nb", "holds a character that cannot be seen; leave it out"),
        ("username", "a\u202eb", "holds a character that cannot be seen; leave it out"),
    ],
)
async def test_what_a_token_server_cannot_take_is_refused(
    manager: httpx.AsyncClient, name: str, text: str, told: str
) -> None:
    answer = await add(manager, auth=PASSWORD | {name: text})

    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"pointer": f"/auth/{name}", "detail": told}]


async def test_a_patch_changes_what_it_names_and_nothing_else(manager: httpx.AsyncClient) -> None:
    one = await added(manager, auth=TOKEN, ratePerSecond=5)
    before = (await manager.get(one)).json()

    answer = await manager.patch(one, json={"ratePerSecond": None, "actions": ["REMOVED"]})

    assert answer.json() == before | {"ratePerSecond": None, "actions": ["REMOVED"]}


@pytest.mark.parametrize("given", [{"url": None}, {"state": "PAUSED"}, {"id": "x"}, {"auth": {}}])
async def test_a_patch_of_what_cannot_be_patched_is_refused(
    manager: httpx.AsyncClient, given: dict[str, Any]
) -> None:
    assert (await manager.patch(await added(manager), json=given)).status_code == 422


async def test_a_webhook_is_paused_and_resumed(manager: httpx.AsyncClient) -> None:
    one = await added(manager)

    paused = await manager.post(f"{one}/pause")
    resumed = await manager.post(f"{one}/resume")

    assert (paused.json()["state"], resumed.json()["state"]) == ("PAUSED", "ACTIVE")


async def test_a_secret_that_is_rotated_is_another(manager: httpx.AsyncClient) -> None:
    created = await add(manager)

    rotated = await manager.post(f"{created.headers['location']}/rotate-secret")

    assert rotated.json()["signingSecret"].startswith("whsec_")
    assert rotated.json()["signingSecret"] != created.json()["signingSecret"]
    assert rotated.json()["id"] == created.json()["id"]


async def test_a_deleted_webhook_is_gone_and_its_place_is_free(manager: httpx.AsyncClient) -> None:
    one = await added(manager)

    deleted = await manager.delete(one)

    assert (deleted.status_code, deleted.content) == (204, b"")
    assert (await manager.get(one)).status_code == 404
    assert (await add(manager)).status_code == 201


async def test_webhooks_come_in_pages(manager: httpx.AsyncClient) -> None:
    for resource in ("COMPANY", "LEAD", "ORDER"):
        await add(manager, resource=resource)

    first = (await manager.get(PATH, params={"limit": 2})).json()
    second = (await manager.get(PATH, params={"cursor": first["nextCursor"]})).json()

    shown = [one["resource"] for one in first["items"] + second["items"]]
    assert shown == ["COMPANY", "LEAD", "ORDER"]
    assert second["nextCursor"] is None


async def test_a_platform_key_manages_a_resellers_webhooks(
    platform: httpx.AsyncClient, manager: httpx.AsyncClient, running: Running
) -> None:
    one = await added(platform)

    assert (await manager.get(one)).status_code == 200


async def test_an_open_circuit_says_why_since_when_and_when_it_is_tried_next(
    running: Running, manager: httpx.AsyncClient
) -> None:
    path = await added(manager)
    circuit = Circuit(
        is_open=True, reason=plain("answered 503"), since=1_000_000, probe_at=2_000_000
    )
    with running.database.write() as tx:
        number = tx.connection.execute(select(webhook.c.id)).scalar_one()
        circuit_states.note_circuit(tx, number, circuit, owner=None)
    shown = (await manager.get(path)).json()

    assert (shown["circuit"], shown["circuitReason"]) == ("OPEN", "answered 503")
    assert shown["circuitSince"] == "1970-01-01T00:00:01.000Z"
    assert shown["nextProbeAt"] == "1970-01-01T00:00:02.000Z"


@pytest.mark.parametrize("beyond", ["9999-12-31T23:59:59-23:59", 253_402_300_800_000])
async def test_an_instant_after_the_year_9999_is_refused_and_leaves_no_line(
    manager: httpx.AsyncClient, running: Running, beyond: object
) -> None:
    path = await added(manager)
    answer = await manager.post(f"{path}/retry-failed", json={"from": beyond})
    lines = audit.page(running.database, AuditQuery(reseller_id=None, limit=10))

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/from"
    assert Act.WEBHOOK_FAILED_RETRIED not in {line.act for line in lines}
