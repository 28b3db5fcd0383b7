"""POST /api/v1/changes."""

import httpx

from reseller_webhooks.store.resellers import Reseller


def company(reseller: Reseller, uuid: str, **given: object) -> dict[str, object]:
    content = {"name": "Acme Ltd"} | given
    return {"reseller": reseller.uuid, "type": "COMPANY", "uuid": uuid, "content": content}


async def test_each_change_has_a_result_in_its_place(
    platform: httpx.AsyncClient, northwind: Reseller
) -> None:
    first = {"changes": [company(northwind, "c1"), company(northwind, "c2")]}
    gone = {"reseller": northwind.uuid, "type": "COMPANY", "uuid": "c2", "removed": True}
    second = {"changes": [company(northwind, "c1"), gone, company(northwind, "c3")]}
    await platform.post("/api/v1/changes", json=first)

    answer = await platform.post("/api/v1/changes", json=second)

    results = answer.json()["results"]
    assert answer.status_code == 200
    assert [list(one) for one in results] == [["uuid", "version", "action", "event"]] * 3
    assert [(one["uuid"], one["version"], one["action"]) for one in results] == [
        ("c1", 1, "UNCHANGED"),
        ("c2", 2, "REMOVED"),
        ("c3", 1, "ADDED"),
    ]
    assert [one["event"] is None for one in results] == [True, False, False]
