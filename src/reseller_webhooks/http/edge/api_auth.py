"""API authentication: no path under /api/ answers without a key, whatever its route depends on."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reseller_webhooks.core.access.audit import Actor, ActorKind
from reseller_webhooks.core.errors import NotSignedIn
from reseller_webhooks.core.messages.access import KEY_MISSING, KEY_REQUIRED
from reseller_webhooks.http.edge import anonymous_requests
from reseller_webhooks.http.edge.api_keys import ApiKeyCache, bearer_token
from reseller_webhooks.operations.authentication import Caller
from reseller_webhooks.operations.context import AppContext
from reseller_webhooks.operations.quotas import Allowance

API_PREFIX = "/api/"


class ApiAuth:
    """Middleware: verifies API keys and counts requests towards their quotas.

    Writes `caller`, `key` and `allowance` into the request's state.
    """

    def __init__(self, app: ASGIApp, context: AppContext) -> None:
        self._app = app
        self._keys = ApiKeyCache(context.database)
        self._quotas = context.quotas

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on. NotSignedIn, QuotaExceeded."""
        if scope["type"] == "http" and scope["path"].startswith(API_PREFIX):
            await self._authenticate(scope)
            receive = self._verified_again(key_of(scope), receive)
        await self._app(scope, receive, send)

    def _verified_again(self, key: str, receive: Receive) -> Receive:
        """`receive`, which raises NotSignedIn if the key was revoked while the body arrived."""

        async def receive_verified() -> Message:
            message = await receive()
            if message["type"] == "http.request" and not message.get("more_body", False):
                await self._keys.caller(key)
            return message

        return receive_verified

    async def _authenticate(self, scope: Scope) -> None:
        key = bearer_token(Headers(scope=scope))
        if not key:
            raise NotSignedIn(KEY_MISSING())
        caller = await self._keys.caller(key)
        is_platform = caller.reseller_id is None
        await anonymous_requests.verified("" if is_platform else f"keys {caller.reseller_id}")
        scope["state"] |= {"caller": caller, "key": key}
        if caller.reseller_id is not None:
            scope["state"]["allowance"] = self._quotas.take_request(caller.reseller_id)


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
