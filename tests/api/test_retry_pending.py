"""What waits, tried at once by API."""

import httpx

from reseller_webhooks.core.access.audit import Act, AuditQuery
from reseller_webhooks.core.deliveries.circuits import Circuit
from reseller_webhooks.core.messages import plain
from reseller_webhooks.operations import audit
from reseller_webhooks.store.webhooks import circuit_states, webhooks
from tests.api.test_webhooks import added
from tests.conftest import Running

FAR = 4_000_000_000_000_000
"""In the year 2096."""


async def test_who_may_write_has_what_waits_tried_and_it_is_remembered(
    running: Running, manager: httpx.AsyncClient
) -> None:
    path = await added(manager)
    got = await manager.post(f"{path}/retry-pending")
    (newest,) = audit.page(running.database, AuditQuery(reseller_id=None, limit=1))

    assert (got.status_code, got.json()) == (200, {"count": 0})
    assert newest.act == Act.WEBHOOK_PENDING_RETRIED


async def test_a_failing_receiver_is_due_at_once(
    running: Running, manager: httpx.AsyncClient
) -> None:
    path = await added(manager)
    with running.database.write() as tx:
        (row,) = webhooks.live(tx, range(256))
        circuit = Circuit(is_open=True, reason=plain("answered 503"), since=1, probe_at=FAR)
        circuit_states.note_circuit(tx, row.id, circuit, owner=None)
    before = (await manager.get(path)).json()["nextProbeAt"]
    await manager.post(f"{path}/retry-pending")
    after = (await manager.get(path)).json()["nextProbeAt"]

    assert before == "2096-10-02T07:06:40.000Z"
    assert after < before


async def test_a_reader_and_a_stranger_may_not(
    running: Running, reader: httpx.AsyncClient, manager: httpx.AsyncClient
) -> None:
    path = await added(manager)

    assert (await reader.post(f"{path}/retry-pending")).status_code == 403
    assert (await manager.post(f"{path[:-1]}x/retry-pending")).status_code == 404
