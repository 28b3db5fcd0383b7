"""python -m bench.retry_all: "Retry all failed since" of a large reseller, beside others' changes.

2,000 webhooks with 100,000 failed deliveries, written by plain SQL, since each would take days to
fail. The webhooks are paused, so that no receiver is measured. Then the same with kill -9 half way,
and whether each failed delivery was sent again exactly once. RETRY_WEBHOOKS and RETRY_EVENTS make
it smaller.
"""

import os
import time
from collections.abc import Iterator
from typing import Any

from sqlalchemy import text

from bench.beside import (
    Outcome,
    Waits,
    add_paused_webhooks,
    beat,
    exit_if_missed,
    plain_row,
    quiet_beat,
)
from bench.program import Server
from reseller_webhooks.store.db.database import Database
from testkit.processes import wait_until

WEBHOOKS = int(os.environ.get("RETRY_WEBHOOKS", "2000"))
EVENTS = int(os.environ.get("RETRY_EVENTS", "50"))
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
HELD = "SELECT (SELECT count(*) FROM webhook), (SELECT count(*) FROM delivery)"
REPEATED = "SELECT count(*), count(DISTINCT replay_of) FROM delivery WHERE replay_of IS NOT NULL"


def main() -> None:
    print(f"  {WEBHOOKS} webhooks, {WEBHOOKS * EVENTS} failed; target: others' p99 up by 100 ms")
    exit_if_missed(measure)


def measure(
    name: str, server: Server, other: str, *, webhooks: int = WEBHOOKS, events: int = EVENTS
) -> Iterator[Outcome]:
    """All failed ones are sent again, each once; then once more with kill -9 half way."""
    have, _ = plain_row(server, HELD)
    add_paused_webhooks(server, webhooks - have)
    _run(server, "DELETE FROM delivery")
    server.change([server.company(number, f"Failing {time.time()}") for number in range(events)])
    failed = webhooks * events
    wait_until(lambda: plain_row(server, HELD)[1] == failed, "every change is fanned out", WITHIN_S)
    _run(server, *FAILED)
    quiet = quiet_beat(server, other)
    answered_s, took_s, beside = _retry(server, other)
    again_s, nothing_s, _ = _retry(server, other)
    print(
        f"  answered after {answered_s:.2f} s; again: after {again_s:.2f} s, "
        f"nothing left after {nothing_s:.2f} s"
    )
    name, peak_mb = f"retry all, {name}", server.peak_mb()
    wrong = _wrong(server, failed)
    yield Outcome(name, took_s, Waits(quiet, beside), peak_mb, wrong).print()
    began = time.monotonic()
    _kill(server, failed)
    name, took_s = f"{name}, kill -9 half way", time.monotonic() - began
    yield Outcome(name, took_s, None, server.peak_mb(), _wrong(server, failed)).print()


def _retry(server: Server, other: str) -> tuple[float, float, list[float]]:
    began = time.monotonic()
    job = _start(server)
    answered_s = time.monotonic() - began
    took_s = 0.0

    def goes_on() -> bool:
        nonlocal took_s
        took_s = time.monotonic() - began
        return took_s < WITHIN_S and not _job(server, job)["finishedAt"]

    beside = beat(server, other, goes_on)
    assert _job(server, job)["state"] == "DONE"
    return answered_s, took_s, beside


def _kill(server: Server, failed: int) -> None:
    _run(server, *EMPTY)
    job = _start(server)
    wait_until(
        lambda: _job(server, job)["made"] >= failed // 2, "half of them are sent again", WITHIN_S
    )
    server.kill()
    server.start()
    wait_until(lambda: bool(_job(server, job)["finishedAt"]), "the job ends", WITHIN_S)


def _wrong(server: Server, failed: int) -> str:
    made, different = plain_row(server, REPEATED)
    is_right = made == different == failed
    return "" if is_right else f"{made} made for {different} of {failed} failed"


def _start(server: Server) -> str:
    wish = {"kind": "RETRY_FAILED", "from": 0}
    answer = server.api.post(JOBS, params={"reseller": server.reseller}, json=wish)
    answer.raise_for_status()
    return str(answer.json()["id"])


def _job(server: Server, job: str) -> dict[str, Any]:
    return dict(server.api.get(f"{JOBS}/{job}", params={"reseller": server.reseller}).json())


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
