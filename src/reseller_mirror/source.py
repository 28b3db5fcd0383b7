"""The platform's sync API, read with nothing but the standard library."""

import json
import ssl
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reseller_mirror.digest import Digest
from reseller_mirror.keep_alive import KeepAlive
from reseller_mirror.mirror import Held
from reseller_mirror.notification import Notification, from_json

TIMEOUT_S = 30
PAGE = 500
EMPTY_MAX = 60
"""Empty pages in a row, each of which took the platform about a second."""


AT_THE_END = "9999-12-31T00:00:00Z"
"""A time behind which there is no event."""


@dataclass(frozen=True, slots=True)
class EventPage:
    """Events in sequence, and the cursor behind them."""

    notifications: tuple[Notification, ...]
    cursor: str


class Source:
    """The platform's API, as the source of records.

    url: of the platform, without a path. key: an API key of the reseller; one that may only
    read is enough. Raises OSError (urllib's HTTPError for an answer that is no success).
    """

    def __init__(self, url: str, key: str, *, ca_file: Path | None = None) -> None:
        if not url.startswith(("https://", "http://")):
            raise ValueError(f"{url!r} is no URL of a platform; it begins with https://")
        self._url = url.rstrip("/")
        self._key = key
        tls = ssl.create_default_context()
        if ca_file is not None:
            tls.load_verify_locations(ca_file)
        self._connections = KeepAlive(tls)
        self._opener = urllib.request.build_opener(self._connections)

    def close(self) -> None:
        """Close the connection that is kept open between requests."""
        self._connections.close()

    def digest(self, resource: str) -> Digest:
        """The digest of everything the platform holds of a type."""
        got = self._get(f"/api/v1/sync/{resource}/digest", {})
        floor = got.get("versionFloor", 0)
        return Digest(got["count"], got["digest"], tuple(got["buckets"]), floor)

    def records(self, resource: str, bucket: int | None = None) -> Iterator[list[Held]]:
        """Every record of a type, or of one bucket, page by page; tombstones too."""
        query = {"limit": str(PAGE)} | ({} if bucket is None else {"bucket": str(bucket)})
        empty = 0
        while empty < EMPTY_MAX:
            got = self._get(f"/api/v1/sync/{resource}", query)
            yield [Held(one["uuid"], one["version"], one["content"]) for one in got["items"]]
            # The first version of the platform had no hasMore, and null at the end.
            if not got.get("hasMore", got["nextCursor"] is not None):
                return
            query["cursor"] = got["nextCursor"]
            empty = 0 if got["items"] else empty + 1
        raise OSError("the platform has more records, but one that is not committed holds them up")

    def events(self, cursor: str, *, wait_s: int) -> EventPage:
        """The events behind a cursor of the feed; waits for one if there is none."""
        query = {"after": cursor, "limit": str(PAGE), "wait": str(wait_s)}
        return self._events(query, more_s=wait_s)

    def newest_cursor(self) -> str:
        """The cursor behind the newest event."""
        return self._events({"from": AT_THE_END}).cursor

    def _events(self, query: dict[str, str], *, more_s: float = 0) -> EventPage:
        got = self._get("/api/v1/events", query, more_s)
        found = tuple(from_json(one["notification"]) for one in got["items"])
        return EventPage(found, got["nextCursor"])

    def _get(self, path: str, query: dict[str, str], more_s: float = 0) -> Any:
        request = urllib.request.Request(  # noqa: S310 - the scheme is checked above
            f"{self._url}{path}?{urllib.parse.urlencode(query)}",
            headers={
                "authorization": f"Bearer {self._key}",
                "accept": "application/json",
                "user-agent": "reseller-mirror",
            },
        )
        with self._opener.open(request, timeout=TIMEOUT_S + more_s) as answer:
            return json.load(answer)
