"""Reads of a big store beside a small one: python -m bench size --lines=3000000 --webhooks=2000.

Each page and API call is asked of both by turns, over HTTP from the real program, on SQLite and on
PostgreSQL. A row is right when its answer is that of plain SQL (API) or a page under 100 KB, and
quick when it takes 1.5 times as long as in the small store, or 50 ms, at most.
"""

import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx

from bench.pages import signed_in
from bench.postgres import server as postgres_server
from bench.program import workshop
from bench.size_store import Size, Store, built
from reseller_webhooks.web import paths

SMALL = Size(webhooks=60, records=500, lines=2_000, pending=200, resellers=110)
BIG = Size(webhooks=300, records=10_000, lines=600_000, pending=30_000, resellers=1_000)
ROUNDS = 11
RATIO_MAX, QUICK_MS, PAGE_KB, MEMORY_MB = 1.5, 50.0, 100.0, 300.0
DELIVERIES = "/api/v1/deliveries"
PLAIN = """
SELECT resource_uuid, state FROM (
  SELECT resource_uuid, 'PENDING' AS state, action, webhook_id, created_at, id FROM delivery
  UNION ALL
  SELECT resource_uuid, state, action, webhook_id, created_at, delivery_id FROM attempt
  WHERE state IS NOT NULL) lines
WHERE (:state = '' OR state = :state) AND (:action = '' OR action = :action)
  AND (:webhook = '' OR webhook_id = (SELECT id FROM webhook WHERE uuid = :webhook))
ORDER BY created_at DESC, id DESC LIMIT 100
"""

Get = Callable[[], httpx.Response]


def main() -> None:
    big = _asked_for()
    print(f"{'':12}{'':30}{'small ms':>9}{'big ms':>9}{'ratio':>7}")
    with workshop() as directory:
        for name, urls in (("SQLite", _files(directory)), ("PostgreSQL", _databases())):
            place = directory / name
            place.mkdir()
            with (
                urls as (small_url, big_url),
                built(place / "small", small_url, SMALL) as small,
                built(place / "big", big_url, big) as other,
            ):
                _compare(name, small, other)


def _compare(name: str, small: Store, big: Store) -> None:
    reads = zip(_pages(small).items(), _pages(big).values(), strict=True)
    for (page, get), other in reads:
        kb = len(other().content) / 1024
        _row(name, page, get, other, "" if kb <= PAGE_KB else f"{kb:.0f} KB")
    for call, query in _queries(small).items():
        get, other = _get(small, DELIVERIES, **query), _get(big, DELIVERIES, **_queries(big)[call])
        _row(name, call, get, other, _wrong(big, other, _queries(big)[call]))
    for call, path in _calls(small).items():
        _row(name, call, _get(small, path), _get(big, _calls(big)[call]), "")
    memory = big.server.rss_mb()
    missed = "" if memory <= MEMORY_MB else " MISSED"
    print(f"{name:12}{'memory of the big one':30}{memory:18.0f} MB{missed}", flush=True)


def _row(store: str, name: str, small: Get, big: Get, wrong: str) -> None:
    times: tuple[list[float], list[float]] = [], []
    for _ in range(ROUNDS):
        for get, taken in zip((small, big), times, strict=True):
            began = time.perf_counter()
            get().raise_for_status()
            taken.append((time.perf_counter() - began) * 1000)
    one, other = (statistics.median(taken) for taken in times)
    missed = "" if other <= max(RATIO_MAX * one, QUICK_MS) else " SLOW"
    print(
        f"{store:12}{name:30}{one:9.1f}{other:9.1f}{other / one:7.2f}{missed}"
        f"{f' WRONG: {wrong}' if wrong else ''}",
        flush=True,
    )


def _wrong(store: Store, get: Get, query: dict[str, str]) -> str:
    """How the API's answer differs from plain SQL's. A search may need several requests."""
    given = {"state": "", "action": "", "webhook": ""} | query
    plain = [(row.resource_uuid, row.state) for row in store.plain(PLAIN, **given)]
    answer = get().json()
    found = [(one["resourceUuid"], one["state"]) for one in answer["items"]]
    if found == plain or (answer["nextCursor"] and found == plain[: len(found)]):
        return ""
    return f"{len(found)} lines, plain SQL has {len(plain)} or others"


def _queries(store: Store) -> dict[str, dict[str, str]]:
    states = ("DELIVERED", "PENDING", "FAILED")
    hooks = {"": {}, ", busy webhook": {"webhook": store.busy}}
    hooks[", quiet webhook"] = {"webhook": store.quiet}
    found = {
        f"API {state}{name}": {"state": state} | hook
        for state in states
        for name, hook in hooks.items()
    }
    return found | {"API removals": {"action": "REMOVED"}}


def _calls(store: Store) -> dict[str, str]:
    return {
        "API webhooks": "/api/v1/webhooks",
        "API a webhook": f"/api/v1/webhooks/{store.busy}",
        "API sync": "/api/v1/sync/COMPANY",
        "API digest": "/api/v1/sync/COMPANY/digest",
        "API records": "/api/account/v1/companies",
        "API a record": "/api/account/v1/companies/c-1",
        "API resellers, searched": "/api/v1/resellers?search=reseller+00003",
    }


def _pages(store: Store) -> dict[str, Get]:
    visitor = signed_in(store.server)
    hooks = {"busy webhook": store.busy, "quiet webhook": store.quiet}
    found = {
        f"log {tab or 'all'}, {name}": paths.log(tab=tab, webhook=uuid)
        for tab in ("", "successful", "pending", "failed")
        for name, uuid in ({"": ""} | hooks).items()
    }
    found |= {
        "log, removals": paths.log(action="REMOVED"),
        "log of a record": paths.log(id="c-0"),
        "webhooks": paths.WEBHOOKS,
        "a webhook": paths.webhook(store.busy),
        "records": paths.RECORDS,
        "a record": paths.record("COMPANY", "c-0"),
        "audit log": paths.HISTORY,
    }
    return {f"page {name}": _page(visitor, path) for name, path in found.items()}


def _page(visitor: httpx.Client, path: str) -> Get:
    return lambda: visitor.get(path)


def _get(store: Store, path: str, **query: str) -> Get:
    given = {"reseller": store.server.reseller} | query
    return lambda: store.server.api.get(httpx.URL(path).copy_merge_params(given))


def _asked_for() -> Size:
    given: dict[str, Any] = {}
    for word in sys.argv[1:]:
        name, _, number = word.removeprefix("--").partition("=")
        if word.startswith("--") and name in Size.__dataclass_fields__ and number.isdecimal():
            given[name] = int(number)
    return replace(BIG, **given)


@contextmanager
def _files(directory: Path) -> Iterator[tuple[str, str]]:
    yield f"sqlite:///{directory}/small.db", f"sqlite:///{directory}/big.db"


@contextmanager
def _databases() -> Iterator[tuple[str, str]]:
    with postgres_server() as small, postgres_server() as big:
        yield small.url, big.url


if __name__ == "__main__":
    main()
