"""HEAD, which is GET whose body the server keeps back (RFC 9110, 9.3.2)."""

from starlette.types import ASGIApp, Receive, Scope, Send

from reseller_webhooks.web import paths


class HeadAsGet:
    """Lets routes that answer GET answer HEAD, but for links that asking would use up."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; the scope that the server holds stays as it is."""
        if scope.get("method") == "HEAD" and not scope["path"].startswith(f"{paths.SIGN_IN}/"):
            scope = {**scope, "method": "GET"}
        await self._app(scope, receive, send)
