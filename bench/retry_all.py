"""python -m bench.retry_all: "Retry all failed since" of a large reseller, beside others' changes.

2,000 webhooks with 100,000 failed deliveries, written by plain SQL, since each would take days to
fail. The webhooks are paused, so that no receiver is measured. Then the same with kill -9 half way,
and whether each failed delivery was sent again exactly once. RETRY_WEBHOOKS and RETRY_EVENTS make
it smaller.
"""

import os
import time
from typing import Any

from sqlalchemy import text

from bench.beside import (
    add_paused_webhooks,
    beat,
    lasting,
    measure_on_each_store,
    print_waits,
)
from bench.program import Server
from reseller_webhooks.store.database import Database

WEBHOOKS = int(os.environ.get("RETRY_WEBHOOKS", "2000"))
EVENTS = int(os.environ.get("RETRY_EVENTS", "50"))
QUIET_S = 10.0
WITHIN_S = 900.0
JOBS = "/api/v1/jobs"
EMPTY = ("DELETE FROM delivery WHERE replay_of IS NOT NULL",)
FAILED = (
    "INSERT INTO attempt (delivery_id, event_id, webhook_id, reseller_id, resource, action,"
    " resource_uuid, version, number, at, ms, outcome, status, reason, detail, response, state,"
    " created_at) SELECT id, event_id, webhook_id, reseller_id, resource, action, resource_uuid,"
    " version, 11, next_at, 5, 'FAILED', 500, 'STATUS', 'answered 500', '', 'FAILED', created_at"
    " FROM delivery",
    "DELETE FROM delivery",
)
REPEATED = "SELECT count(*), count(DISTINCT replay_of) FROM delivery WHERE replay_of IS NOT NULL"


def main() -> None:
    print(f"  {WEBHOOKS} webhooks, {WEBHOOKS * EVENTS} failed; target: others' p99 under 100 ms")
    measure_on_each_store(_measure)


def _measure(name: str, server: Server, other: str) -> None:
    add_paused_webhooks(server, WEBHOOKS)
    server.change([server.company(number, "Failing") for number in range(EVENTS)])
    _until(lambda: _count(server, "SELECT count(*) FROM delivery") == WEBHOOKS * EVENTS)
    _run(server, *FAILED)
    quiet = beat(server, other, lasting(QUIET_S))
    answered_s, took_s, beside = _retry(server, other)
    again_s, nothing_s, _ = _retry(server, other)
    print(
        f"  {name}: answered after {answered_s:.2f} s, all sent again after {took_s:.1f} s; "
        f"again: answered after {again_s:.2f} s, nothing left after {nothing_s:.2f} s"
    )
    print_waits(quiet=quiet, beside=beside)
    _kill(name, server)


def _retry(server: Server, other: str) -> tuple[float, float, list[float]]:
    began = time.monotonic()
    job = _start(server)
    answered_s = time.monotonic() - began
    took_s = 0.0

    def goes_on() -> bool:
        nonlocal took_s
        took_s = time.monotonic() - began
        return took_s < WITHIN_S and not _job(server, job)["finishedAt"]

    beside = beat(server, other, goes_on) or [0.0]
    assert _job(server, job)["state"] == "DONE"
    return answered_s, took_s, beside


def _kill(name: str, server: Server) -> None:
    _run(server, *EMPTY)
    job = _start(server)
    _until(lambda: _job(server, job)["made"] >= WEBHOOKS * EVENTS // 2)
    server.kill()
    began = time.monotonic()
    server.start()
    _until(lambda: bool(_job(server, job)["finishedAt"]))
    made, different = _row(server, REPEATED)
    verdict = "each once" if made == different == WEBHOOKS * EVENTS else "NOT each once"
    print(
        f"  {name}, kill -9 half way: done {time.monotonic() - began:.1f} s after the start, "
        f"{made} made for {different} failed: {verdict}",
        flush=True,
    )


def _start(server: Server) -> str:
    wish = {"kind": "RETRY_FAILED", "from": 0}
    answer = server.api.post(JOBS, params={"reseller": server.reseller}, json=wish)
    answer.raise_for_status()
    return str(answer.json()["id"])


def _job(server: Server, job: str) -> dict[str, Any]:
    return dict(server.api.get(f"{JOBS}/{job}", params={"reseller": server.reseller}).json())


def _until(condition: Any) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit("it did not end")
        time.sleep(0.05)


def _count(server: Server, statement: str) -> int:
    return int(_row(server, statement)[0])


def _row(server: Server, statement: str) -> tuple[Any, ...]:
    database = Database(server.environment["RESELLER_WEBHOOKS_DATABASE"])
    try:
        with database.read() as tx:
            return tuple(tx.connection.execute(text(statement)).one())
    finally:
        database.close()


def _run(server: Server, *statements: str) -> None:
    database = Database(server.environment["RESELLER_WEBHOOKS_DATABASE"])
    try:
        with database.within(WITHIN_S).write() as tx:
            for statement in statements:
                tx.connection.execute(text(statement))
    finally:
        database.close()


if __name__ == "__main__":
    main()
