"""Who may do what, asked of every route there is: a new one without a rule fails here."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from fastapi.sse import EventSourceResponse
from sqlalchemy import select, update

from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.core.enums import Resource
from reseller_webhooks.core.records.examples import CONTENTS, SUBSCRIPTION, USER
from reseller_webhooks.http.api import auth
from reseller_webhooks.http.api.routes import quotas
from reseller_webhooks.http.app import ROUTERS
from reseller_webhooks.http.edge.api_keys import REMEMBERED_S
from reseller_webhooks.store.tables import api_key, reseller
from tests.conftest import Running

PLATFORM_RULES = {auth.platform, quotas.quota_admin}
RULES = PLATFORM_RULES | {auth.tenant, auth.readable}
UUIDS = {resource: uuid for resource, (uuid, _) in CONTENTS.items()}


@dataclass(frozen=True)
class Door:
    """One method of one route, and who may use it. body: an example, None when it takes none."""

    method: str
    path: str
    rules: frozenset[Any]
    streams: bool
    body: tuple[str, Any] | None

    @property
    def is_for_one(self) -> bool:
        return "{id}" in self.path


def doors() -> Iterator[Door]:
    for router in ROUTERS:
        for route in router.routes:
            assert isinstance(route, APIRoute)
            for method in route.methods if route.path.startswith("/api/") else ():
                yield Door(
                    method,
                    route.path,
                    frozenset(dependencies(route.dependant) & RULES),
                    route.response_class is EventSourceResponse,
                    example(route),
                )


def dependencies(dependant: Dependant) -> set[Any]:
    inner = (dependencies(one) for one in dependant.dependencies)
    return {dependant.call}.union(*inner)


def example(route: APIRoute) -> tuple[str, Any] | None:
    content = (route.openapi_extra or {}).get("requestBody", {}).get("content", {})
    return next(((kind, media["example"]) for kind, media in content.items()), None)


DOORS = list(doors())


THE_PLATFORMS = [door for door in DOORS if door.rules & PLATFORM_RULES]
RESELLERS = [door for door in DOORS if not door.rules & PLATFORM_RULES]


async def knock(client: httpx.AsyncClient, door: Door, **place: str) -> httpx.Response:
    """What comes back; of a stream, only how it begins."""
    headers, content = {}, None
    if door.body:
        headers["content-type"] = door.body[0]
        content = httpx.Request("POST", "http://x", json=door.body[1]).content
    path = door.path.format(**{"id": "some", "subscription": SUBSCRIPTION, "type": "LEAD"} | place)
    async with client.stream(door.method, path, headers=headers, content=content) as answer:
        if not (door.streams and answer.is_success):
            await answer.aread()
    return answer


def place(things: dict[str, str], door: Door) -> dict[str, str]:
    """What stands for the names in the path; KeyError for a thing that no test knows yet."""
    return {"id": things[door.path.partition("/{id}")[0]]} if door.is_for_one else {}


def is_empty(answer: httpx.Response) -> bool:
    shown = answer.json()
    webhooks_used = shown.get("webhooks", {}).get("used")  # of the quotas that a reseller has
    return shown.get("items") == [] or 0 in (shown.get("count"), webhooks_used)


@pytest.fixture
async def things(
    platform: httpx.AsyncClient, manager: httpx.AsyncClient, northwind: Reseller
) -> dict[str, str]:
    """One of each of Northwind's things: the beginning of its path, and its id."""
    spec = {"url": "https://localhost:9/in", "resource": "COMPANY", "actions": ["ADDED"]}
    webhook = (await manager.post("/api/v1/webhooks", json=spec)).json()["id"]
    changes = [
        {"reseller": northwind.uuid, "type": resource, "uuid": uuid, "content": content}
        for resource, (uuid, content) in CONTENTS.items()
    ]
    answer = await platform.post("/api/v1/changes", json={"changes": changes})
    results = answer.json()["results"]
    event = results[list(CONTENTS).index(Resource.COMPANY)]["event"]
    (delivery,) = (await manager.get("/api/v1/deliveries")).json()["items"]
    # Paused, so that its backfill stands still while it is looked at.
    (await manager.post(f"/api/v1/webhooks/{webhook}/pause")).raise_for_status()
    (await manager.post(f"/api/v1/webhooks/{webhook}/backfill")).raise_for_status()
    return {
        "/api/v1/webhooks": webhook,
        "/api/v1/deliveries": delivery["id"],
        "/api/v1/jobs": webhook,  # which has a backfill
        "/api/v1/events": event,
        "/api/account/v1/companies": UUIDS[Resource.COMPANY],
        "/api/billing/v1/invoices": UUIDS[Resource.INVOICE],
        "/api/lead/v2/leads": UUIDS[Resource.LEAD],
        "/api/billing/v1/orders": UUIDS[Resource.ORDER],
        "/api/billing/v1/subscriptions": UUIDS[Resource.SUBSCRIPTION],
        "/api/account/v2/subscriptions/{subscription}/assignments": USER,
    }


def test_every_route_has_a_rule() -> None:
    assert [door for door in DOORS if not door.rules] == []


@pytest.mark.parametrize("shown", [None, "Bearer rwk_wrong", "Basic abc", "Bearer"])
async def test_without_a_key_no_route_answers(nobody: httpx.AsyncClient, shown: str | None) -> None:
    nobody.headers.update({"authorization": shown} if shown else {})

    answers = [await knock(nobody, door) for door in DOORS]

    assert {answer.status_code for answer in answers} == {401}
    assert {answer.headers["www-authenticate"] for answer in answers} == {"Bearer"}
    assert {answer.json()["type"] for answer in answers} == {"/docs#not-signed-in"}


async def test_a_key_for_reading_writes_nothing(reader: httpx.AsyncClient) -> None:
    writing = [door for door in DOORS if door.method != "GET"]

    allowed = [door for door in writing if (await knock(reader, door)).status_code != 403]

    assert len(writing) > 20
    assert allowed == []


async def test_a_resellers_key_does_nothing_that_is_the_platforms(
    manager: httpx.AsyncClient,
) -> None:
    answers = [await knock(manager, door) for door in THE_PLATFORMS]

    assert {answer.status_code for answer in answers} == {403}
    assert all("platform key" in answer.json()["detail"] for answer in answers)


async def test_anothers_things_are_not_found_and_stay_as_they_are(
    things: dict[str, str], rival: httpx.AsyncClient, manager: httpx.AsyncClient
) -> None:
    of_one = [door for door in RESELLERS if door.is_for_one]
    reading = [door for door in of_one if door.method == "GET"]
    before = [await knock(manager, door, **place(things, door)) for door in reading]

    answers = [await knock(rival, door, **place(things, door)) for door in of_one]

    after = [await knock(manager, door, **place(things, door)) for door in reading]
    assert {answer.status_code for answer in answers} == {404}
    assert {answer.status_code for answer in before} == {200}
    assert [one.content for one in after] == [one.content for one in before]


async def test_anothers_thing_looks_like_one_that_is_not_there(
    things: dict[str, str], rival: httpx.AsyncClient
) -> None:
    for door in RESELLERS:
        if door.is_for_one:
            theirs = place(things, door)["id"]
            missing = theirs[:-1] + ("8" if theirs[-1] == "9" else "9")
            told = await knock(rival, door, id=theirs)
            assert told.text.replace(theirs, missing) == (await knock(rival, door, id=missing)).text


async def test_a_list_shows_nothing_of_anothers(
    things: dict[str, str], rival: httpx.AsyncClient, manager: httpx.AsyncClient
) -> None:
    listing = [door for door in RESELLERS if not door.is_for_one and not door.streams]
    reading = [door for door in listing if door.method == "GET"]

    theirs = [await knock(rival, door) for door in reading]

    own = [await knock(manager, door) for door in reading]
    assert {answer.status_code for answer in own} == {200}
    assert [door for door, one in zip(reading, own, strict=True) if is_empty(one)] == []
    assert [door for door, one in zip(reading, theirs, strict=True) if not is_empty(one)] == []


async def test_naming_another_reseller_finds_nothing(
    rival: httpx.AsyncClient, northwind: Reseller, things: dict[str, str]
) -> None:
    rival.params = rival.params.set("reseller", northwind.uuid)

    answers = [await knock(rival, door, **place(things, door)) for door in RESELLERS]

    assert {answer.status_code for answer in answers} == {404}
    assert {answer.json()["detail"] for answer in answers} == {
        f"no reseller with id {northwind.uuid!r}"
    }


async def test_a_platform_key_must_say_which_of_several_resellers(
    platform: httpx.AsyncClient, contoso: Reseller
) -> None:
    owned = [door for door in DOORS if door.rules == {auth.tenant}]
    unclear = [await knock(platform, door) for door in owned]
    platform.params = platform.params.set("reseller", contoso.uuid)

    clear = [await knock(platform, door) for door in owned]

    assert {answer.status_code for answer in unclear} == {422}
    assert {answer.json()["errors"][0]["pointer"] for answer in unclear} == {"/reseller"}
    assert 422 not in {answer.status_code for answer in clear}


async def test_a_platform_key_need_not_name_the_only_reseller(
    platform: httpx.AsyncClient, northwind: Reseller
) -> None:
    assert (await platform.get("/api/v1/webhooks")).status_code == 200


async def test_a_path_that_is_no_route_needs_a_key_too(
    nobody: httpx.AsyncClient, manager: httpx.AsyncClient
) -> None:
    assert (await nobody.get("/api/v1/nothing")).status_code == 401
    assert (await manager.get("/api/v1/nothing")).status_code == 404


async def test_a_revoked_key_is_refused_within_moments(
    running: Running, manager: httpx.AsyncClient, reader: httpx.AsyncClient
) -> None:
    await manager.get("/api/v1/webhooks")
    with running.database.write() as tx:
        tx.connection.execute(update(api_key).values(revoked_at=tx.now))

    never_shown_before = await reader.get("/api/v1/webhooks")

    assert never_shown_before.status_code == 401
    async with asyncio.timeout(REMEMBERED_S + 5):
        while (await manager.get("/api/v1/webhooks")).status_code != 401:
            pass


async def test_a_key_that_is_revoked_while_its_body_arrives_is_refused(
    running: Running, platform: httpx.AsyncClient, nobody: httpx.AsyncClient
) -> None:
    key = platform.headers["authorization"]

    async def body() -> AsyncIterator[bytes]:
        yield b'{"name":'
        with running.database.write() as tx:
            tx.connection.execute(update(api_key).values(revoked_at=tx.now))
        async with asyncio.timeout(REMEMBERED_S + 5):
            while (await nobody.get(TENANTS, headers={"authorization": key})).status_code != 401:
                pass
        yield b'"Fabrikam"}'

    await platform.get(TENANTS)  # so that the key is remembered when the head arrives
    answer = await platform.post(
        TENANTS, content=body(), headers={"content-type": "application/json"}
    )

    assert answer.status_code == 401
    with running.database.read() as tx:
        assert "Fabrikam" not in tx.connection.execute(select(reseller.c.name)).scalars().all()


TENANTS = "/api/v1/resellers"


async def test_resellers_and_their_keys_are_searched_page_by_page(
    platform: httpx.AsyncClient,
) -> None:
    names = ("Fabrikam One", "Contoso", "Fabrikam Two")
    ids = [(await platform.post(TENANTS, json={"name": one})).json()["id"] for one in names]
    keys = [(await platform.post(f"{TENANTS}/{ids[0]}/api-keys", json={})).json() for _ in "123"]
    query = {"search": "fabrikam", "limit": "1"}
    first = (await platform.get(TENANTS, params=query)).json()
    query["cursor"] = first["nextCursor"]
    second = (await platform.get(TENANTS, params=query)).json()
    path = f"{TENANTS}/{ids[0]}/api-keys"
    newest = (await platform.get(path, params={"limit": 2})).json()
    oldest = (await platform.get(path, params={"cursor": newest["nextCursor"]})).json()
    by_start = (await platform.get(path, params={"search": newest["items"][1]["start"]})).json()

    assert [one["id"] for one in first["items"] + second["items"]] == [ids[0], ids[2]]
    assert second["nextCursor"] is None
    listed = [one["id"] for one in newest["items"] + oldest["items"]]
    assert listed == [one["id"] for one in reversed(keys)]
    assert [one["id"] for one in by_start["items"]] == [keys[1]["id"]]
    assert all(one["key"] not in str(newest) + str(oldest) for one in keys)
    assert (await platform.get(f"{TENANTS}/nobody/api-keys")).status_code == 404


async def test_a_resellers_new_key_is_for_that_reseller(
    platform: httpx.AsyncClient, nobody: httpx.AsyncClient, things: dict[str, str]
) -> None:
    added = (await platform.post("/api/v1/resellers", json={"name": "Fabrikam"})).json()
    made = await platform.post(f"/api/v1/resellers/{added['id']}/api-keys", json={"readOnly": True})
    nobody.headers["authorization"] = f"Bearer {made.json()['key']}"

    assert made.status_code == 201
    assert list(made.json()) == ["id", "key"]
    assert (await nobody.get("/api/v1/webhooks")).json()["items"] == []
    assert (await nobody.post("/api/v1/webhooks", json={})).status_code == 403


@pytest.mark.parametrize("char", ["\u202e", "\ufeff", "\x07"])
async def test_a_reseller_whose_name_cannot_all_be_seen_is_not_added(
    platform: httpx.AsyncClient, char: str
) -> None:
    answer = await platform.post("/api/v1/resellers", json={"name": f"Con{char}toso"})
    told = {"pointer": "/name", "detail": "holds a character that cannot be seen; leave it out"}

    assert (answer.status_code, answer.json()["errors"]) == (422, [told])
