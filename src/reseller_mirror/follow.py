"""Follows the platform's event feed, for a mirror that the platform cannot reach.

The cursor is stored in the transaction that applies its events, so a kill loses and skips nothing.
"""

import logging
import threading
from http import HTTPStatus
from urllib.error import HTTPError

from sqlalchemy.exc import SQLAlchemyError

from reseller_mirror.mirror import TABLES, Mirror
from reseller_mirror.reconcile import reconcile
from reseller_mirror.source import Source

WAIT_S = 20
"""Seconds for which the platform waits for an event before it answers without one."""
AGAIN_S = 2.0
"""After a request that failed."""

log = logging.getLogger("reseller_mirror")


class Follower:
    """Applies events in sequence, from the stored cursor on."""

    def __init__(self, mirror: Mirror, source: Source, *, wait_s: int = WAIT_S) -> None:
        self._mirror, self._source, self._wait_s = mirror, source, wait_s

    def run(self, stopping: threading.Event) -> None:
        """Follow until `stopping` is set, whatever fails."""
        while not stopping.is_set():
            try:
                self.step()
            except (OSError, SQLAlchemyError, ValueError, KeyError, TypeError) as error:
                log.warning("the feed could not be read: %s", str(error).splitlines()[:1])
                stopping.wait(AGAIN_S)

    def step(self) -> int:
        """Apply the next events, and return how many there were.

        Without a cursor, or with one that the platform no longer takes: begin behind the newest
        event, and fetch the current records, so that no change falls between the two.
        """
        cursor = self._mirror.cursor()
        if cursor is None:
            cursor = self._begin()
        try:
            page = self._source.events(cursor, wait_s=self._wait_s)
        except HTTPError as error:
            if error.code not in (HTTPStatus.GONE, HTTPStatus.UNPROCESSABLE_ENTITY):
                raise
            log.warning("the cursor is not valid any more; the current records are fetched")
            self._mirror.set_cursor(None)
            return 0
        known = [one for one in page.notifications if one.resource in TABLES]
        self._mirror.apply_all(known, cursor=page.cursor)
        return len(page.notifications)

    def _begin(self) -> str:
        cursor = self._source.newest_cursor()
        for resource in TABLES:
            reconcile(self._mirror, self._source, resource)
        self._mirror.set_cursor(cursor)
        return cursor
