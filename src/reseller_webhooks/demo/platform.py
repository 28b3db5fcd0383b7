"""The platform in the demo: imports the sample and makes changes by the HTTP API."""

import json
import urllib.request
from itertools import count
from threading import Lock
from typing import Any

from reseller_webhooks import clock
from reseller_webhooks.core.enums import Resource
from reseller_webhooks.demo.accounts import Accounts
from reseller_webhooks.demo.sample import next_change, sample_changes

TIMEOUT_S = 10
Fields = dict[str, Any]


class Platform:
    """A caller of the API with the platform's key.

    Several threads may use it: one change is made at a time, since each follows from the records
    that the one before has left.
    """

    def __init__(self, url: str, public_url: str, accounts: Accounts) -> None:
        self._url, self._public_url, self._accounts = url, public_url, accounts
        self._steps = count()
        self._lock = Lock()

    def feed_sample(self) -> None:
        """All records of the sample."""
        today_ms = clock.now() // 1000
        with self._lock:
            self._change(sample_changes(self._accounts.reseller, self._public_url, today_ms))

    def change_something(self, resource: Resource | None = None) -> str:
        """The next plausible change, of one resource or any; what happened, in a sentence."""
        with self._lock:
            return self._change_something(resource)

    def _change_something(self, resource: Resource | None) -> str:
        records = self._records()
        while True:
            change, sentence = next_change(
                self._accounts.reseller,
                self._public_url,
                next(self._steps),
                lambda resource, uuid: records.get((resource, uuid)),
            )
            if resource in (None, change["type"]):
                self._change([change])
                return sentence

    def _records(self) -> dict[tuple[str, str], Fields]:
        """The platform's current records; the sample is far smaller than a page."""
        query = f"limit=500&reseller={self._accounts.reseller}"
        return {
            (resource.value, one["uuid"]): one["content"]
            for resource in Resource
            for one in self._call("GET", f"/api/v1/sync/{resource}?{query}")["items"]
            if one["content"] is not None
        }

    def _change(self, changes: list[Fields]) -> None:
        self._call("POST", "/api/v1/changes", {"changes": changes})

    def _call(self, method: str, path: str, body: Fields | None = None) -> Any:
        request = urllib.request.Request(  # noqa: S310 - our own server, by http
            self._url + path,
            method=method,
            data=json.dumps(body).encode() if body else None,
            headers={
                "authorization": f"Bearer {self._accounts.platform_key}",
                "content-type": "application/json",
            },
        )
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310
            return json.load(answer)
