"""What programs do with webhooks is in the audit log, under the name of their key."""

from collections.abc import AsyncIterator

import httpx
import pytest

from reseller_webhooks.core.access.audit import Act, AuditLine, AuditQuery
from reseller_webhooks.core.access.permissions import Scope
from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.operations import audit, authentication
from tests.conftest import Running

WEBHOOKS = "/api/v1/webhooks"
SPEC = {
    "url": "https://crm.example.com/hook",
    "resource": "COMPANY",
    "actions": ["ADDED"],
    "auth": {"type": "TOKEN", "token": "f1rst-token"},
}


@pytest.fixture
async def crm(running: Running, northwind: Reseller) -> AsyncIterator[httpx.AsyncClient]:
    key = authentication.add_key(running.database, Scope.RESELLER, northwind.uuid, "CRM import").key
    headers = {"authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(base_url=running.url, headers=headers, timeout=20) as one:
        yield one


def lines(running: Running, reseller: Reseller) -> list[AuditLine]:
    query = AuditQuery(reseller.id, subject="webhook")
    return list(reversed(audit.page(running.database, query)))


async def test_everything_that_changes_a_webhook_leaves_one_line(
    running: Running, crm: httpx.AsyncClient, northwind: Reseller
) -> None:
    uuid = (await crm.post(WEBHOOKS, json=SPEC)).json()["id"]
    one = f"{WEBHOOKS}/{uuid}"
    change = {"auth": {"type": "TOKEN", "token": "s3cond-token"}, "actions": ["ADDED", "REMOVED"]}
    await crm.patch(one, json=change)
    for step in ("pause", "pause", "resume", "rotate-secret"):
        await crm.post(f"{one}/{step}")
    await crm.post(f"{one}/retry-failed", json={"from": "2026-01-31T00:00:00Z"})
    await crm.delete(one)
    found = lines(running, northwind)

    assert [line.act for line in found] == [
        Act.WEBHOOK_ADDED,
        Act.WEBHOOK_CHANGED,
        Act.WEBHOOK_PAUSED,
        Act.WEBHOOK_RESUMED,
        Act.WEBHOOK_SECRET_ROTATED,
        Act.WEBHOOK_FAILED_RETRIED,
        Act.WEBHOOK_DELETED,
    ]
    assert {(line.actor_kind, line.actor[:15], line.address) for line in found} == {
        ("key", "CRM import rwk_", "127.0.0.1")
    }
    assert found[1].details == {
        "actions": [["ADDED"], ["ADDED", "REMOVED"]],
        "authentication": "entered again",
    }
    assert "token" not in repr(found)


async def test_what_is_refused_leaves_no_line(
    running: Running, crm: httpx.AsyncClient, northwind: Reseller
) -> None:
    refused = await crm.post(WEBHOOKS, json=SPEC | {"url": "nowhere"})

    assert refused.status_code == 422
    assert lines(running, northwind) == []
