"""Quotas of resellers by API: each refusal is 429, says what to do, and concerns one reseller."""

from typing import Any

import httpx
import pytest

from reseller_webhooks.core.access.quotas import Quota
from reseller_webhooks.core.access.resellers import Reseller
from tests.conftest import Running

WEBHOOKS = "/api/v1/webhooks"
CHANGES = "/api/v1/changes"
OF_PLATFORM = {Quota.CHANGES_PER_SECOND, Quota.STORED_BYTES}
"""Refused to platform keys, whose holders may change the setting."""
ENDLESS = {Quota.WEBHOOKS, Quota.BACKFILL_RECORDS}
"""Waiting does not help."""
SPEC = {"url": "https://localhost:9/in", "resource": "COMPANY", "actions": ["ADDED", "CHANGED"]}


def company(reseller: Reseller, uuid: str) -> dict[str, Any]:
    content = {"name": "Acme", "countryCode": "CA"}
    return {"reseller": reseller.uuid, "type": "COMPANY", "uuid": uuid, "content": content}


def removal(reseller: Reseller, uuid: str) -> dict[str, Any]:
    return {"reseller": reseller.uuid, "type": "COMPANY", "uuid": uuid, "removed": True}


async def limit(platform: httpx.AsyncClient, reseller: Reseller, **given: int | None) -> Any:
    """Set limits of a reseller; what its quotas are now."""
    answer = await platform.patch(f"/api/v1/resellers/{reseller.uuid}/quotas", json=given)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def feed(platform: httpx.AsyncClient, *changes: dict[str, Any]) -> httpx.Response:
    return await platform.post(CHANGES, json={"changes": changes})


def assert_refused(answer: httpx.Response, quota: Quota, most: int, q: int, *said: str) -> None:
    assert (answer.status_code, answer.json()["type"]) == (429, "/docs#quota-exceeded")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["violated-policies"] == [quota.value]
    for words in (f"{most}", *said):
        assert words in answer.json()["detail"]
    assert (f"LIMIT_{quota.value.upper()}" in answer.json()["detail"]) == (quota in OF_PLATFORM)
    assert f'"{quota.value}";q={q}' in answer.headers["ratelimit-policy"]
    left, _, wait = answer.headers["ratelimit"].partition(";t=")
    assert left == f'"{quota.value}";r=0'
    assert answer.headers.get("retry-after", "") == wait
    assert bool(wait) == (quota not in ENDLESS)


async def test_requests_of_one_reseller_are_limited_and_anothers_go_on(
    platform: httpx.AsyncClient,
    manager: httpx.AsyncClient,
    rival: httpx.AsyncClient,
    northwind: Reseller,
) -> None:
    await limit(platform, northwind, requestsPerSecond=1)

    answers = [await manager.get(WEBHOOKS) for _ in range(13)]

    first = answers[0]
    assert first.headers["ratelimit-policy"] == '"requests_per_second";q=10;w=10'
    assert first.headers["ratelimit"] == '"requests_per_second";r=9;t=1'
    assert [one.status_code for one in answers[:10]] == [200] * 10
    assert_refused(answers[12], Quota.REQUESTS_PER_SECOND, 1, 10, "try again in 1 s")
    assert (await rival.get(WEBHOOKS)).status_code == 200
    unlimited = await platform.get(WEBHOOKS, params={"reseller": northwind.uuid})
    assert (unlimited.status_code, "ratelimit" in unlimited.headers) == (200, False)


async def test_webhooks_are_limited_until_one_is_deleted(
    platform: httpx.AsyncClient, manager: httpx.AsyncClient, northwind: Reseller
) -> None:
    await limit(platform, northwind, webhooks=2)
    made = [await manager.post(WEBHOOKS, json=SPEC | {"url": f"{SPEC['url']}/{n}"}) for n in "123"]

    assert [one.status_code for one in made] == [201, 201, 429]
    assert_refused(made[2], Quota.WEBHOOKS, 2, 2, "delete some")

    await manager.delete(f"{WEBHOOKS}/{made[0].json()['id']}")
    assert (await manager.post(WEBHOOKS, json=SPEC)).status_code == 201


async def test_changes_of_one_reseller_are_refused_whole_and_another_is_not_held_up(
    platform: httpx.AsyncClient, northwind: Reseller, contoso: Reseller
) -> None:
    await limit(platform, northwind, changesPerSecond=1)
    full = await feed(platform, *(company(northwind, f"c{one}") for one in range(10)))
    both = await feed(platform, company(contoso, "x1"), company(northwind, "c11"))

    assert full.status_code == 200
    assert_refused(both, Quota.CHANGES_PER_SECOND, 1, 10, northwind.uuid)
    path, own = "/api/account/v1/companies/c1", {"reseller": northwind.uuid}
    single = await platform.patch(path, params=own, json={"name": "Acme Ltd"})
    assert_refused(single, Quota.CHANGES_PER_SECOND, 1, 10, northwind.uuid)
    assert "errors" not in single.json()
    assert [one["pointer"] for one in both.json()["errors"]] == ["/changes/1"]
    listed = await platform.get("/api/account/v1/companies", params={"reseller": contoso.uuid})
    assert listed.json()["items"] == []  # all or nothing
    assert (await feed(platform, company(contoso, "x1"))).status_code == 200


async def test_a_batch_larger_than_the_limit_is_taken_now_and_then(
    platform: httpx.AsyncClient, northwind: Reseller
) -> None:
    await limit(platform, northwind, changesPerSecond=1)

    large = await feed(platform, *(company(northwind, f"c{one}") for one in range(30)))

    assert large.status_code == 200
    again = await feed(platform, company(northwind, "c31"))
    assert again.status_code == 429
    assert 20 <= int(again.headers["retry-after"]) <= 21


async def test_whoever_has_stored_too_much_may_remove(
    running: Running, platform: httpx.AsyncClient, northwind: Reseller, contoso: Reseller
) -> None:
    await limit(platform, northwind, storedBytes=500)
    await feed(platform, company(northwind, "c1"), company(northwind, "c2"))
    running.program.context.quotas.refresh()

    more = await feed(platform, removal(northwind, "c1"), company(northwind, "c3"))

    assert_refused(
        more, Quota.STORED_BYTES, 500, 500, northwind.uuid, "and 2000 are stored", "removals"
    )
    assert more.headers["ratelimit-policy"].endswith('qu="content-bytes"')
    assert [one["pointer"] for one in more.json()["errors"]] == ["/changes/1"]
    assert (await feed(platform, removal(northwind, "c1"))).status_code == 200
    assert (await feed(platform, company(contoso, "x1"))).status_code == 200


async def test_tests_retries_and_backfills_are_limited(
    platform: httpx.AsyncClient, manager: httpx.AsyncClient, northwind: Reseller
) -> None:
    await limit(platform, northwind, testsPerHour=1, retriesPerHour=1, backfillRecords=1)
    await feed(platform, company(northwind, "c1"), company(northwind, "c2"))
    hook = f"{WEBHOOKS}/{(await manager.post(WEBHOOKS, json=SPEC)).json()['id']}"

    assert (await manager.post(f"{hook}/test")).status_code == 200
    assert_refused(await manager.post(f"{hook}/test"), Quota.TESTS_PER_HOUR, 1, 1, "3600 s")
    assert (await manager.post(f"{hook}/retry-pending")).status_code == 200
    period = {"from": "2026-01-01T00:00:00Z"}
    retried = await manager.post(f"{hook}/retry-failed", json=period)
    assert_refused(retried, Quota.RETRIES_PER_HOUR, 1, 1)
    begun = await manager.post(f"{hook}/backfill")
    assert_refused(begun, Quota.BACKFILL_RECORDS, 1, 1, "would send 2")


async def test_changes_of_webhooks_are_limited_and_the_platforms_are_not(
    platform: httpx.AsyncClient,
    manager: httpx.AsyncClient,
    rival: httpx.AsyncClient,
    northwind: Reseller,
) -> None:
    await limit(platform, northwind, webhookChangesPerHour=6)
    hook = f"{WEBHOOKS}/{(await manager.post(WEBHOOKS, json=SPEC)).json()['id']}"
    steps = ("pause", "pause", "resume", "rotate-secret", "backfill")
    made = [await manager.post(f"{hook}/{step}") for step in steps]
    cancelled = await manager.delete(f"{hook}/backfill")

    assert [one.status_code for one in (*made, cancelled)] == [200, 200, 200, 200, 202, 200]
    for refused in (
        await manager.post(WEBHOOKS, json=SPEC | {"url": f"{SPEC['url']}/2"}),
        await manager.patch(hook, json={"actions": ["ADDED"]}),
        await manager.post(f"{hook}/pause"),
        await manager.post(f"{hook}/rotate-secret"),
        await manager.delete(hook),
    ):
        assert_refused(refused, Quota.WEBHOOK_CHANGES_PER_HOUR, 6, 6, "600 s")
    assert (await manager.get(hook)).json()["actions"] == SPEC["actions"]
    assert (await rival.post(WEBHOOKS, json=SPEC)).status_code == 201
    own = {"reseller": northwind.uuid}
    assert (await platform.post(f"{hook}/pause", params=own)).status_code == 200


async def test_a_retry_of_what_is_not_there_costs_nothing(
    platform: httpx.AsyncClient, manager: httpx.AsyncClient, northwind: Reseller
) -> None:
    await limit(platform, northwind, retriesPerHour=1)
    period = {"from": "2026-01-01T00:00:00Z"}
    job = {"kind": "RETRY_FAILED", **period}

    for path, body in (
        ("/api/v1/jobs", job | {"webhook": "not-there"}),
        (f"{WEBHOOKS}/not-there/retry-failed", period),
        (f"{WEBHOOKS}/not-there/retry-pending", None),
        ("/api/v1/deliveries/dlv_notthere/retry", None),
    ):
        assert (await manager.post(path, json=body)).status_code == 404
    assert (await manager.post("/api/v1/jobs", json=job)).status_code == 202
    refused = await manager.post("/api/v1/jobs", json=job)
    assert_refused(refused, Quota.RETRIES_PER_HOUR, 1, 1)


async def test_the_platform_sees_the_use_beside_the_limit(
    platform: httpx.AsyncClient, manager: httpx.AsyncClient, northwind: Reseller
) -> None:
    await manager.post(WEBHOOKS, json=SPEC)
    path = f"/api/v1/resellers/{northwind.uuid}/quotas"

    shown = await limit(platform, northwind, webhooks=7, invitesPerHour=None)
    assert shown["webhooks"] == {"limit": 7, "default": 5000, "used": 1}
    assert shown["requestsPerSecond"]["limit"] == 200
    assert shown["backfillRecords"]["used"] is None
    assert (await platform.get(path)).json() == shown
    assert (await limit(platform, northwind, webhooks=None))["webhooks"]["limit"] == 5000

    refused = await manager.get(path)
    assert (refused.status_code, "GET /api/v1/quotas" in refused.text) == (403, True)
    assert (await platform.get("/api/v1/resellers/x/quotas")).status_code == 404


@pytest.mark.parametrize("wrong", [{"webhooks": 0}, {"webhooks": "9"}, {"rockets": 1}])
async def test_a_wrong_limit_is_refused(
    platform: httpx.AsyncClient, northwind: Reseller, wrong: dict[str, Any]
) -> None:
    path = f"/api/v1/resellers/{northwind.uuid}/quotas"
    answer = await platform.patch(path, json=wrong)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == f"/{next(iter(wrong))}"


async def test_refusals_are_counted_by_quota(
    platform: httpx.AsyncClient, manager: httpx.AsyncClient, northwind: Reseller
) -> None:
    def counted(text: str) -> float:
        line = 'reseller_webhooks_quota_refusals_total{quota="webhooks"} '
        found = [one.removeprefix(line) for one in text.splitlines() if one.startswith(line)]
        return float(found[0]) if found else 0.0

    before = counted((await platform.get("/metrics")).text)
    await limit(platform, northwind, webhooks=1)
    for end in "12":
        await manager.post(WEBHOOKS, json=SPEC | {"url": f"{SPEC['url']}/{end}"})

    assert counted((await platform.get("/metrics")).text) == before + 1


async def test_the_description_tells_of_quotas(nobody: httpx.AsyncClient) -> None:
    document = (await nobody.get("/openapi.json")).json()

    for path, item in document["paths"].items():
        for operation in item.values() if path.startswith("/api/") else ():
            fields = operation["responses"]["429"]["headers"]
            assert set(fields) == {"RateLimit", "RateLimit-Policy", "Retry-After"}
    assert set(document["components"]["headers"]) == set(fields)


async def test_a_reseller_reads_its_own_limits_and_sets_none(
    platform: httpx.AsyncClient, manager: httpx.AsyncClient, northwind: Reseller
) -> None:
    await limit(platform, northwind, webhooks=7)

    own = await manager.get("/api/v1/quotas")

    assert own.json()["webhooks"] == {"limit": 7, "default": 5000, "used": 0}
    assert (await manager.patch("/api/v1/quotas", json={"webhooks": 9})).status_code == 405
