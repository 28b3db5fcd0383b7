"""Records where AppDirect keeps them."""

import asyncio
from typing import Any

import httpx
import pytest

from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.core.enums import Resource
from reseller_webhooks.core.records import path
from reseller_webhooks.core.records.examples import CONTENTS, SUBSCRIPTION, USER
from reseller_webhooks.http.api.routes.records import COLLECTIONS

COMPANIES = "/api/account/v1/companies"
ORDERS = "/api/billing/v1/orders"
SUBSCRIPTIONS = "/api/billing/v1/subscriptions"
ASSIGNMENTS = f"/api/account/v2/subscriptions/{SUBSCRIPTION}/assignments"
ASSIGNMENT = CONTENTS[Resource.APP_ASSIGNMENT][1]
MERGE_PATCH = {"content-type": "application/merge-patch+json"}

pytestmark = pytest.mark.usefixtures("northwind")

every_collection = pytest.mark.parametrize(
    ("collection", "resource"),
    [(collection, resource) for collection, (resource, _) in COLLECTIONS.items()],
)


def at(collection: str) -> str:
    return collection.format(subscription=SUBSCRIPTION)


def pointers(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 422
    return [one["pointer"] for one in answer.json()["errors"]]


@every_collection
async def test_a_record_is_found_where_it_was_added(
    platform: httpx.AsyncClient, collection: str, resource: Resource
) -> None:
    added = await platform.post(at(collection), json=CONTENTS[resource][1])

    got = await platform.get(added.headers["location"])
    listed = await platform.get(at(collection))
    assert added.status_code == 201
    assert (got.status_code, got.content) == (200, added.content)
    assert listed.json() == {"items": [added.json()], "nextCursor": None}
    assert added.content in listed.content


@every_collection
async def test_a_record_is_put_changed_and_removed_by_its_id(
    platform: httpx.AsyncClient, collection: str, resource: Resource
) -> None:
    uuid, content = CONTENTS[resource]
    alias = USER if resource is Resource.APP_ASSIGNMENT else None
    url = path(resource, uuid, SUBSCRIPTION, alias).partition("?")[0]

    put = await platform.put(url, json=content)
    again = await platform.put(url, json=content)
    patched = await platform.patch(url, json={"more": {"a": 1, "b": None}}, headers=MERGE_PATCH)
    removed = await platform.delete(url)
    while removed.status_code == 202:
        removed = await platform.delete(url)

    assert url.startswith(at(collection))
    assert (put.status_code, again.status_code, patched.status_code) == (201, 200, 200)
    assert again.content == put.content
    assert patched.json() == put.json() | {"more": {"a": 1}}
    assert (removed.status_code, removed.content) == (204, b"")
    assert (await platform.get(url)).status_code == 404
    assert (await platform.delete(url)).status_code == 404


async def test_queries_that_appdirect_has_are_passed_over(platform: httpx.AsyncClient) -> None:
    added = await platform.post(COMPANIES, json={"name": "Acme"})

    got = await platform.get(f"{COMPANIES}/{added.json()['id']}?isExternalId=false")

    assert got.content == added.content


async def test_an_id_in_the_content_is_kept_and_must_be_new(platform: httpx.AsyncClient) -> None:
    added = await platform.post(ORDERS, json={"id": 4395, "status": "ACTIVE"})
    again = await platform.post(ORDERS, json={"id": 4395, "status": "ACTIVE"})

    assert added.headers["location"] == f"{ORDERS}/4395"
    assert again.status_code == 409


async def test_orders_are_numbered(platform: httpx.AsyncClient) -> None:
    first = await platform.post(ORDERS, json={"status": "ACTIVE"})
    second = await platform.post(ORDERS, json={"status": "ACTIVE"})

    assert (first.json()["id"], second.json()["id"]) == (1, 2)


async def test_an_order_without_a_number_gets_one_that_the_platform_has_not_given(
    platform: httpx.AsyncClient,
) -> None:
    for number in range(1, 8):
        await platform.put(f"{ORDERS}/{number}", json={"status": "ACTIVE"})
    added = [await platform.post(ORDERS, json={"status": "ACTIVE"}) for _ in range(3)]

    assert [answer.status_code for answer in added] == [201] * 3
    assert len({str(answer.json()["id"]) for answer in added} | set("1234567")) == 10


BROKEN_RECORDS: list[tuple[Any, str]] = [
    ({}, "/name"),
    ({"name": 5}, "/name"),
    ({"name": "A", "id": 5}, "/id"),
    ({"name": "A", "id": True}, "/id"),
    ({"name": "A", "id": "a/b"}, "/uuid"),
    ({"name": "A", "id": "a", "uuid": "b"}, "/uuid"),
    ([], ""),
    ("text", ""),
]


async def test_what_is_wrong_with_a_record_is_told(
    platform: httpx.AsyncClient, subtests: pytest.Subtests
) -> None:
    for body, pointer in BROKEN_RECORDS:
        with subtests.test(body=body, pointer=pointer):
            assert pointers(await platform.post(COMPANIES, json=body)) == [pointer]


async def test_a_status_that_cannot_follow_is_refused(platform: httpx.AsyncClient) -> None:
    url = "/api/billing/v1/invoices/7"
    await platform.put(url, json={"status": "VOIDED"})

    answer = await platform.patch(url, json={"status": "PAID"})

    assert pointers(answer) == ["/status"]


async def test_a_status_that_ends_a_record_ends_it(platform: httpx.AsyncClient) -> None:
    url = f"{SUBSCRIPTIONS}/s1"
    await platform.put(url, json={"status": "ACTIVE"})

    ended = await platform.patch(url, json={"status": "CANCELLED"})

    assert ended.status_code == 204
    assert (await platform.get(url)).status_code == 404
    assert pointers(await platform.put(url, json={"status": "CANCELLED"})) == ["/status"]


async def test_a_merge_patch_takes_fields_away(platform: httpx.AsyncClient) -> None:
    url = f"{COMPANIES}/c1"
    await platform.put(url, json={"name": "Acme", "note": "x", "size": "SMALL"})

    answer = await platform.patch(url, json={"note": None, "size": None})

    assert "note" not in answer.json()
    assert answer.json()["size"] is None


async def test_an_assignment_goes_by_its_user_and_by_its_own_id(
    platform: httpx.AsyncClient,
) -> None:
    added = await platform.post(ASSIGNMENTS, json=ASSIGNMENT)

    by_user = await platform.get(f"{ASSIGNMENTS}/{USER}")
    by_id = await platform.get(f"{ASSIGNMENTS}/{added.json()['uuid']}")
    assert added.headers["location"] == f"{ASSIGNMENTS}/{USER}"
    assert by_user.content == by_id.content == added.content


async def test_an_unassignment_takes_two_requests(platform: httpx.AsyncClient) -> None:
    await platform.post(ASSIGNMENTS, json=ASSIGNMENT | {"status": "ACTIVE"})

    begun = await platform.delete(f"{ASSIGNMENTS}/{USER}")
    done = await platform.delete(f"{ASSIGNMENTS}/{USER}")

    assert begun.status_code == 202
    assert begun.json()["status"] == "PENDING_REMOTE_CANCELLATION"
    assert done.status_code == 204


async def test_a_user_has_one_assignment_of_a_subscription(platform: httpx.AsyncClient) -> None:
    await platform.post(ASSIGNMENTS, json=ASSIGNMENT)

    assert (await platform.post(ASSIGNMENTS, json=ASSIGNMENT)).status_code == 409


async def test_an_assignment_stays_with_the_paths_subscription_and_user(
    platform: httpx.AsyncClient,
) -> None:
    elsewhere = await platform.post(ASSIGNMENTS, json=ASSIGNMENT | {"subscriptionId": "other"})
    somebody = await platform.put(f"{ASSIGNMENTS}/somebody", json=ASSIGNMENT)
    moved = await platform.get(f"/api/account/v2/subscriptions/other/assignments/{USER}")

    assert pointers(elsewhere) == ["/subscriptionId"]
    assert pointers(somebody) == ["/user/uuid"]
    assert moved.status_code == 404


async def test_an_id_that_two_resellers_have_is_ambiguous_until_one_is_named(
    platform: httpx.AsyncClient, northwind: Reseller, contoso: Reseller
) -> None:
    url = f"{COMPANIES}/c1"
    for reseller in (northwind, contoso):
        change = {
            "reseller": reseller.uuid,
            "type": "COMPANY",
            "uuid": "c1",
            "content": {"name": reseller.name},
        }
        await platform.post("/api/v1/changes", json={"changes": [change]})

    unclear = await platform.get(url)
    clear = await platform.patch(url, json={"size": "SMALL"}, params={"reseller": contoso.uuid})

    assert unclear.status_code == 409
    assert clear.json()["name"] == "Contoso"


async def test_a_new_record_needs_its_reseller_when_there_are_several(
    platform: httpx.AsyncClient, contoso: Reseller
) -> None:
    unclear = await platform.post(COMPANIES, json={"name": "Acme"})
    clear = await platform.post(COMPANIES, json={"name": "Acme"}, params={"reseller": contoso.uuid})

    assert pointers(unclear) == ["/reseller"]
    assert clear.status_code == 201


async def test_a_list_comes_in_pages_that_miss_nothing(platform: httpx.AsyncClient) -> None:
    for number in range(5):
        await platform.put(f"{COMPANIES}/c{number}", json={"name": "Acme"})
    seen, cursor = [], None

    while len(seen) < 9:
        params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await platform.get(COMPANIES, params=params)).json()
        seen += [one["id"] for one in page["items"]]
        cursor = page["nextCursor"]
        if cursor is None:
            break

    assert seen == ["c0", "c1", "c2", "c3", "c4"]


IMPOSSIBLE_PAGES = [
    "cursor=x",
    "cursor=MS4y",
    "cursor=LTE",
    "cursor=" + "9" * 99,
    "limit=0",
    "limit=501",
    "limit=a",
]


async def test_a_page_that_cannot_be_is_refused(
    platform: httpx.AsyncClient, subtests: pytest.Subtests
) -> None:
    for query in IMPOSSIBLE_PAGES:
        with subtests.test(query=query):
            assert pointers(await platform.get(f"{COMPANIES}?{query}")) == [
                f"/{query.partition('=')[0]}"
            ]


async def test_writers_of_one_record_follow_each_other(platform: httpx.AsyncClient) -> None:
    url = f"{COMPANIES}/c1"
    await platform.put(url, json={"name": "Acme"})

    await asyncio.gather(*(platform.patch(url, json={f"f{one}": one}) for one in range(10)))

    content = (await platform.get(url)).json()
    assert [content[f"f{one}"] for one in range(10)] == list(range(10))
