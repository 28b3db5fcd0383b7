"""What a record's content may say, and where its id is taken from."""

import httpx
import pytest

from reseller_webhooks.core.access.resellers import Reseller
from tests.api.test_records import COMPANIES, SUBSCRIPTIONS, pointers

pytestmark = pytest.mark.usefixtures("northwind")


@pytest.mark.parametrize("number", [2**64, -(2**63) - 1, 10**300])
async def test_a_whole_number_of_more_than_64_bits_is_refused_with_its_field(
    platform: httpx.AsyncClient, northwind: Reseller, number: int
) -> None:
    content = {"name": "Acme", "customAttributes": {"size": number}}
    change = {"reseller": northwind.uuid, "type": "COMPANY", "uuid": "c1", "content": content}

    added = await platform.post(COMPANIES, json=content)
    changed = await platform.post("/api/v1/changes", json={"changes": [change]})

    assert pointers(added) == ["/customAttributes/size"]
    assert "at most 64 bits" in added.json()["detail"]
    assert pointers(changed) == ["/changes/0/content/customAttributes/size"]


@pytest.mark.parametrize("number", [2**64 - 1, -(2**63)])
async def test_a_whole_number_of_64_bits_is_kept(platform: httpx.AsyncClient, number: int) -> None:
    content = {"name": "Acme", "customAttributes": {"size": number}}

    added = await platform.post(COMPANIES, json=content)

    assert (added.status_code, added.json()["customAttributes"]) == (201, {"size": number})


async def test_depth_beside_a_long_number_is_refused_as_elsewhere(
    platform: httpx.AsyncClient,
) -> None:
    deep = b"[" * 1000 + b"9" * 25 + b"]" * 1000
    body = b'{"name":"Acme","customAttributes":' + deep + b"}"

    got = await platform.post(COMPANIES, content=body, headers={"content-type": "application/json"})

    assert got.status_code == 422


@pytest.mark.parametrize(
    ("path", "content", "name"),
    [
        (COMPANIES, {"name": "Acme"}, "id"),
        (COMPANIES, {"name": "Acme"}, "uuid"),
        (SUBSCRIPTIONS, {"status": "ACTIVE"}, "internalId"),
    ],
)
async def test_either_of_the_fields_that_say_the_id_gives_a_new_record_its_id(
    platform: httpx.AsyncClient, path: str, content: dict[str, str], name: str
) -> None:
    added = await platform.post(path, json={**content, name: "its-own-id"})

    assert (added.status_code, added.json()[name]) == (201, "its-own-id")
    assert (await platform.get(f"{path}/its-own-id")).json() == added.json()
