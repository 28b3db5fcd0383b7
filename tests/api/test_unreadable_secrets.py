"""A webhook whose secrets do not open, by API: everything answers, and says what to do."""

from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families

from reseller_webhooks.bootstrap.program import ProcessRole
from tests.api.test_problems import assert_problem
from tests.conftest import Running, serving

SPEC = {
    "url": "https://hooks.example.com/",
    "resource": "LEAD",
    "actions": ["ADDED"],
    "auth": {"type": "TOKEN", "token": "s3cret"},
}


async def broken(running: Running, manager: httpx.AsyncClient) -> str:
    """The path of a webhook whose secrets do not open; another one is well."""
    path = (await manager.post("/api/v1/webhooks", json=SPEC)).headers["location"]
    await manager.post("/api/v1/webhooks", json=SPEC | {"resource": "ORDER"})
    with running.database.write() as tx:
        tx.connection.exec_driver_sql(
            "UPDATE webhook SET auth_sealed = 'broken', secret_sealed = 'broken' "
            "WHERE resource = 'LEAD'"
        )
    return path


async def test_it_is_listed_with_what_is_wrong_and_what_to_do(
    running: Running, manager: httpx.AsyncClient
) -> None:
    path = await broken(running, manager)
    one = (await manager.get(path)).json()
    every = (await manager.get("/api/v1/webhooks")).json()["items"]

    assert one["auth"] == {"type": "TOKEN"}
    assert one["unreadableSecrets"]["secrets"] == ["AUTHENTICATION", "SIGNING_SECRET"]
    assert "enter its authentication again" in one["unreadableSecrets"]["detail"]
    assert "RESELLER_WEBHOOKS" not in str(one)
    assert [item.get("unreadableSecrets") is None for item in every] == [False, True]


async def test_a_test_notification_is_refused_with_the_reason(
    running: Running, manager: httpx.AsyncClient
) -> None:
    got = await manager.post(f"{await broken(running, manager)}/test")

    assert_problem(got, 409, "secret-unreadable")
    assert "put the key back" in got.json()["detail"]


async def test_a_patch_and_a_rotation_heal_it(running: Running, manager: httpx.AsyncClient) -> None:
    path = await broken(running, manager)
    patched = await manager.patch(path, json={"auth": {"type": "TOKEN", "token": "n3w"}})
    rotated = await manager.post(f"{path}/rotate-secret")

    assert patched.json()["unreadableSecrets"]["secrets"] == ["SIGNING_SECRET"]
    assert rotated.json()["signingSecret"].startswith("whsec_")
    assert "unreadableSecrets" not in rotated.json()


async def test_it_can_be_paused_resumed_and_deleted(
    running: Running, manager: httpx.AsyncClient
) -> None:
    path = await broken(running, manager)
    answers = [await manager.post(f"{path}/{step}") for step in ("pause", "resume")]
    answers += [await manager.post(f"{path}/backfill"), await manager.delete(path)]

    assert [one.is_success for one in answers] == [True] * 4


async def test_readiness_and_metrics_tell_the_operator(
    running: Running, manager: httpx.AsyncClient
) -> None:
    await broken(running, manager)
    path = "/api/v1/webhooks"
    for item in (await manager.get(path)).json()["items"]:  # written, so that it is read again
        await manager.post(f"{path}/{item['id']}/pause")
        await manager.post(f"{path}/{item['id']}/resume")
    ready = await manager.get("/readyz")
    while not ready.json()["conditions"]:
        ready = await manager.get("/readyz")
    metrics = (await manager.get("/metrics")).text

    (condition,) = ready.json()["conditions"]
    assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
    assert (condition["code"], condition["params"]) == ("secrets-unreadable", {"count": 1})
    assert "reseller-webhooks check names them" in condition["text"]
    values = {
        sample.name: sample.value
        for family in text_string_to_metric_families(metrics)
        for sample in family.samples
    }
    assert values["reseller_webhooks_secrets_unreadable"] == 1.0


async def test_an_api_whose_keys_are_not_those_of_the_store_says_so(
    running: Running, manager: httpx.AsyncClient, tmp_path: Path, migrated: Path
) -> None:
    await manager.post("/api/v1/webhooks", json=SPEC)
    other_key = "b3RoZXIta2V5LW90aGVyLWtleS1vdGhlci1rZXktMDA="
    given = {"database": running.database.url, "secret_keys": (other_key,)}
    (tmp_path / "api").mkdir()
    async with (
        serving(tmp_path / "api", migrated, ProcessRole.API, **given) as api,
        httpx.AsyncClient(base_url=api.url) as client,
    ):
        ready = await client.get("/readyz")
        while not ready.json()["conditions"]:
            ready = await client.get("/readyz")

    (condition,) = ready.json()["conditions"]
    assert (condition["code"], condition["params"]) == ("secrets-unreadable", {"count": 1})
