"""API authentication: no path under /api/ answers without a key, whatever its route depends on."""

from functools import partial

from starlette.datastructures import Headers
from starlette.types import Scope

from reseller_webhooks.core.access.audit import Actor, ActorKind
from reseller_webhooks.core.errors import NotSignedIn
from reseller_webhooks.core.messages.access import KEY_MISSING, KEY_REQUIRED
from reseller_webhooks.http.edge.api_keys import ApiKeyCache, bearer_token
from reseller_webhooks.http.edge.exchange import Exchange
from reseller_webhooks.operations.authentication import Caller
from reseller_webhooks.operations.context import AppContext
from reseller_webhooks.operations.quotas import Allowance

API_PREFIX = "/api/"


class ApiAuth:
    """Verifies API keys, and counts requests towards their quotas."""

    def __init__(self, context: AppContext) -> None:
        self._keys = ApiKeyCache(context.database)
        self._quotas = context.quotas

    async def authenticate(self, exchange: Exchange) -> None:
        """Write caller, key and allowance into the request's state. NotSignedIn, QuotaExceeded."""
        state = exchange.scope["state"]
        key = bearer_token(Headers(scope=exchange.scope))
        if not key:
            raise NotSignedIn(KEY_MISSING())
        caller = await self._keys.caller(key)
        is_platform = caller.reseller_id is None
        await exchange.turn.verify("" if is_platform else f"keys {caller.reseller_id}")
        state |= {"caller": caller, "key": key}
        if caller.reseller_id is not None:
            state["allowance"] = self._quotas.take_request(caller.reseller_id)
        exchange.verify_again = partial(self._keys.caller, key)  # It may be revoked meanwhile.


def caller_of(scope: Scope) -> Caller:
    """The caller of an authenticated request. NotSignedIn for any other."""
    caller = scope.get("state", {}).get("caller")
    if not isinstance(caller, Caller):
        raise NotSignedIn(KEY_REQUIRED())
    return caller


def actor_of(scope: Scope) -> Actor:
    """The caller, for the audit log."""
    caller = scope.get("state", {}).get("caller")
    address = (scope.get("client") or ("",))[0]
    if isinstance(caller, Caller):
        return Actor(ActorKind.KEY, caller.name, address)
    return Actor(ActorKind.NOBODY, "", address)


def key_of(scope: Scope) -> str:
    """The API key of an authenticated request."""
    return str(scope["state"]["key"])


def reseller_of(scope: Scope) -> int | None:
    """The store's number of the reseller whose key was used; None for any other request."""
    caller = scope.get("state", {}).get("caller")
    return caller.reseller_id if isinstance(caller, Caller) else None


def allowance_of(scope: Scope) -> Allowance | None:
    """The rest of the caller's request rate; None for a platform key."""
    allowance: Allowance | None = scope["state"].get("allowance")
    return allowance
