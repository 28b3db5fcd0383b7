"""What `bench size` asks a store for: every page and API read, each with a check by plain SQL."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx

from bench.pages import signed_in
from bench.size_store import Store
from reseller_webhooks.core.sync.digests import digest_of
from reseller_webhooks.http.pages import paths
from reseller_webhooks.operations.deliveries import SEARCH_S

QUICK_MS, PAGE_KB = 50.0, 100.0
SEARCH_MS = 1_000 * SEARCH_S + 200
"""A search for what is rare ends after SEARCH_S and says how far it came."""
LISTS_AT_ONCE = 8
DELIVERIES, SYNC = "/api/v1/deliveries", "/api/v1/sync/COMPANY"
LOG_LINES = """
SELECT resource_uuid, state FROM (
  SELECT resource_uuid, 'PENDING' AS state, action, webhook_id, created_at, id FROM delivery
  UNION ALL
  SELECT resource_uuid, state, action, webhook_id, created_at, delivery_id FROM attempt
  WHERE state IS NOT NULL) lines
WHERE (:state = '' OR state = :state) AND (:action = '' OR action = :action)
  AND (:webhook = '' OR webhook_id = (SELECT id FROM webhook WHERE uuid = :webhook))
  AND (:record = '' OR resource_uuid = :record)
ORDER BY created_at DESC, id DESC LIMIT 100
"""
WEBHOOKS = "SELECT uuid FROM webhook ORDER BY id LIMIT 500"
OF_RESELLER = "reseller_id = (SELECT id FROM reseller WHERE uuid = :reseller)"
RECORDS = f"SELECT uuid, version FROM record WHERE {OF_RESELLER} ORDER BY id"  # noqa: S608 - our own
NEWEST_RECORDS = f"{RECORDS} DESC LIMIT 500"
WITH_DELIVERY = """
SELECT uuid FROM webhook WHERE id IN (
  SELECT webhook_id FROM delivery WHERE resource_uuid = :record
  UNION SELECT webhook_id FROM attempt WHERE resource_uuid = :record)
ORDER BY id LIMIT 500
"""
TABS = {"": "", "successful": "DELIVERED", "pending": "PENDING", "failed": "FAILED"}

Get = Callable[[], httpx.Response]
Check = Callable[[httpx.Response], str]


@dataclass(frozen=True)
class Read:
    """get: asks once. check: how an answer differs from plain SQL's, nothing when it does not."""

    name: str
    get: Get
    check: Check = lambda _: ""
    quick_ms: float = QUICK_MS


def reads_of(store: Store) -> list[Read]:
    """The same of every store, in the same sequence."""
    return [*_log(store), *_pages(store), *_operator_pages(store), *_lists(store), *_calls(store)]


def _log(store: Store) -> list[Read]:
    """Pages of the log and the API's list of deliveries with the same filters."""
    hooks = {"": "", ", busy webhook": store.busy, ", quiet webhook": store.quiet}
    given = [
        (f"{tab or 'all'}{name}", {"tab": tab, "webhook": hook}, {"state": state, "webhook": hook})
        for tab, state in TABS.items()
        for name, hook in hooks.items()
    ]
    given += [
        ("removals", {"action": "REMOVED"}, {"action": "REMOVED"}),
        ("of a record", {"id": "c-0"}, {"resourceUuid": "c-0"}),
    ]
    visitor = signed_in(store.server)
    found = []
    for name, filters, query in given:
        asked = {key: value for key, value in query.items() if value}
        call = _call(store, DELIVERIES, **asked)
        quick_ms = SEARCH_MS if name == "removals" else QUICK_MS
        page = _page(visitor, paths.log(**filters))
        found.append(Read(f"page log, {name}", page, _same_lines(call), quick_ms))
        found.append(Read(f"API deliveries, {name}", call, _is_log(store, asked), quick_ms))
    return found


def _is_log(store: Store, asked: dict[str, str]) -> Check:
    given = {"state": "", "action": "", "webhook": "", "record": asked.get("resourceUuid", "")}
    given |= {key: value for key, value in asked.items() if key in given}

    def check(answer: httpx.Response) -> str:
        plain = [tuple(row) for row in store.plain(LOG_LINES, **given)]
        body = answer.json()
        lines = [(one["resourceUuid"], one["state"]) for one in body["items"]]
        is_part = bool(body["nextCursor"]) and len(lines) < len(plain)
        wanted = plain[: len(lines)] if is_part else plain
        return "" if lines == wanted else f"{len(lines)} lines are not the {len(plain)} of SQL"

    return check


def _same_lines(call: Get) -> Check:
    """Whether a page of the log shows the deliveries that the API lists, which SQL has checked."""

    def check(page: httpx.Response) -> str:
        listed = [one["id"] for one in call().json()["items"]]
        shown = _linked(page, f"{paths.LOG}/")
        if shown == listed[: len(shown)] and (shown or not listed):
            return _is_small(page)
        return f"shows {len(shown)} lines that are not those of the API"

    return check


def _pages(store: Store) -> list[Read]:
    visitor = signed_in(store.server)
    of_reseller = {"reseller": store.server.reseller}
    webhooks, records = _column(store, WEBHOOKS), _column(store, NEWEST_RECORDS, **of_reseller)
    told = set(_column(store, WITH_DELIVERY, record="c-0"))

    def states(page: httpx.Response) -> str:
        """Each webhook, and a link to its delivery just where plain SQL has one."""
        rows = re.split(r"<tr\b", page.text)
        linked = {one: f'"{paths.LOG}/' in row for row in rows for one in _webhooks_in(row)}
        if list(linked) != webhooks[: len(linked)] or not linked:
            return "not the first webhooks"
        wrong = sum(link != (uuid in told) for uuid, link in linked.items())
        return f"{wrong} webhooks with the wrong state" if wrong else _is_small(page)

    found = {
        "webhooks": (paths.WEBHOOKS, _shows(f"{paths.WEBHOOKS}/", webhooks)),
        "a webhook": (paths.webhook(store.busy), _is_small),
        "webhook, edit": (paths.webhook(store.busy, "edit"), _is_small),
        "webhook, backfill": (paths.webhook(store.busy, "backfill"), _is_small),
        "records": (paths.RECORDS, _shows(f"{paths.RECORDS}/COMPANY/", records)),
        "a record": (paths.record("COMPANY", "c-0"), states),
        "record, many versions": (paths.record("COMPANY", store.old), _is_small),
        "jobs": (paths.JOBS, _is_small),
        "audit log": (paths.HISTORY, _is_small),
        "account": (paths.ACCOUNT, _is_small),
    }
    return [
        Read(f"page {name}", _page(visitor, path), check) for name, (path, check) in found.items()
    ]


def _operator_pages(store: Store) -> list[Read]:
    visitor = signed_in(store.server, operator=True)
    found = [Read(f"page {one}", _page(visitor, one), _is_small) for one in paths.OPERATOR]
    searched = paths.resellers(search="Reseller 00003")

    def names(page: httpx.Response) -> str:
        found = set(re.findall(r"Reseller \d{5}", page.text))
        return "" if found == {"Reseller 00003"} else f"not that reseller alone: {len(found)}"

    return [*found, Read("page resellers, searched", _page(visitor, searched), names)]


def _lists(store: Store) -> list[Read]:
    """Lists of records, whose contents may be large."""
    of_reseller = {"reseller": store.server.reseller}
    plain = [tuple(row) for row in store.plain(RECORDS, **of_reseller)]
    of_large = [tuple(row) for row in store.plain(RECORDS, reseller=store.large)]

    def first(rows: list[tuple[str, int]]) -> Check:
        def check(answer: httpx.Response) -> str:
            found = [(one["uuid"], one["version"]) for one in answer.json()["items"]]
            return "" if found and found == rows[: len(found)] else "not the first records"

        return check

    def digest(answer: httpx.Response) -> str:
        wanted = digest_of((uuid, version) for uuid, version in plain).text
        return "" if answer.json()["digest"] == wanted else "not the digest of the records"

    large = _call(store, SYNC, reseller=store.large, limit="500")
    return [
        Read("API sync", _call(store, SYNC), first(plain)),
        Read("API digest", _call(store, f"{SYNC}/digest"), digest),
        Read("API sync, 200 KB each", large, first(of_large)),
        Read(f"the same, {LISTS_AT_ONCE} at once", _at_once(large), first(of_large), 1_000.0),
    ]


def _calls(store: Store) -> list[Read]:
    webhooks = _column(store, WEBHOOKS)

    def list_of(wanted: list[str]) -> Check:
        def check(answer: httpx.Response) -> str:
            found = [one["id"] for one in answer.json()["items"]]
            return "" if found and found == wanted[: len(found)] else "not the first webhooks"

        return check

    def one_name(answer: httpx.Response) -> str:
        names = [one["name"] for one in answer.json()["items"]]
        return "" if names == ["Reseller 00003"] else f"found {names}"

    searched = _platform_call(store, "/api/v1/resellers", search="Reseller 00003")
    own = {
        "records": "/api/account/v1/companies",
        "a record": "/api/account/v1/companies/c-0",
        "a webhook": f"/api/v1/webhooks/{store.busy}",
        "jobs": "/api/v1/jobs",
    }
    platform = {
        "quotas": f"/api/v1/resellers/{store.server.reseller}/quotas",
        "keys": f"/api/v1/resellers/{store.server.reseller}/api-keys",
        "readyz": "/readyz",
        "metrics": "/metrics",
    }
    return [
        Read("API webhooks", _call(store, "/api/v1/webhooks"), list_of(webhooks)),
        Read("API resellers, searched", searched, one_name),
        *(Read(f"API {name}", _call(store, path)) for name, path in own.items()),
        *(Read(f"API {name}", _platform_call(store, path)) for name, path in platform.items()),
    ]


def _shows(prefix: str, wanted: list[str]) -> Check:
    """Whether a page links to the first of these, in their sequence."""

    def check(page: httpx.Response) -> str:
        shown = [one for one in _linked(page, prefix) if one in wanted]
        if not shown or shown != wanted[: len(shown)]:
            return f"shows {len(shown)} that are not the first ones of SQL"
        return _is_small(page)

    return check


def _is_small(page: httpx.Response) -> str:
    kb = len(page.content) / 1024
    return "" if kb <= PAGE_KB else f"{kb:.0f} KB"


def _linked(page: httpx.Response, prefix: str) -> list[str]:
    """What the links below a path name, each once."""
    found = re.findall(rf'href="{re.escape(prefix)}([^"/?#]+)"', page.text)
    return [one for one in dict.fromkeys(found) if one not in {"add", "log", "records", "audit"}]


def _webhooks_in(row: str) -> list[str]:
    return re.findall(rf'class="url"><a href="{re.escape(paths.WEBHOOKS)}/([^"/?#]+)"', row)


def _column(store: Store, statement: str, **given: Any) -> list[str]:
    return [str(row[0]) for row in store.plain(statement, **given)]


def _page(visitor: httpx.Client, path: str) -> Get:
    return lambda: visitor.get(path)


def _call(store: Store, path: str, **query: str) -> Get:
    """A request about the bench's reseller."""
    return _platform_call(store, path, **({"reseller": store.server.reseller} | query))


def _platform_call(store: Store, path: str, **query: str) -> Get:
    return lambda: store.server.api.get(path, params=query)


def _at_once(get: Get) -> Get:
    def all_of_them() -> httpx.Response:
        with ThreadPoolExecutor(LISTS_AT_ONCE) as callers:
            return [one.result() for one in [callers.submit(get) for _ in range(LISTS_AT_ONCE)]][-1]

    return all_of_them
