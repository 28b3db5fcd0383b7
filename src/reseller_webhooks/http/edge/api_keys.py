"""API-key lookup with a one-second cache.

Without that, looking keys up costs as much as the changes they come with.
"""

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers

from reseller_webhooks import clock, crypto
from reseller_webhooks.operations import authentication
from reseller_webhooks.operations.authentication import Caller
from reseller_webhooks.operations.context import Database

REMEMBERED_S = 1.0
"""So a key that is revoked is refused within a second, in every process."""
REMEMBERED_MAX = 10_000


def bearer_token(headers: Headers) -> str:
    """The token of `Authorization: Bearer` (RFC 6750, 2.1), empty without such a header."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


class ApiKeyCache:
    """The keys that were shown lately. A key that is not valid is asked for each time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[str, tuple[Caller, float]] = {}

    async def caller(self, key: str) -> Caller:
        """The caller with this key. Errors as `access.caller`."""
        fingerprint = crypto.fingerprint(key)
        caller, until = self._known.get(fingerprint, (None, 0.0))
        if caller is None or until <= clock.monotonic_s():
            asked_at = clock.monotonic_s()
            caller = await run_in_threadpool(authentication.caller, self._database, key)
            self._remember(fingerprint, caller, asked_at)
        return caller

    def _remember(self, fingerprint: str, caller: Caller, asked_at: float) -> None:
        # From before the store was asked: the key may have been revoked while it answered.
        if len(self._known) >= REMEMBERED_MAX:
            self._known.clear()
        self._known[fingerprint] = (caller, asked_at + REMEMBERED_S)
