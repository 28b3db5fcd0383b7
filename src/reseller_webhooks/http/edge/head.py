"""HEAD, which is GET whose body the server keeps back (RFC 9110, 9.3.2)."""

from anyio import CancelScope
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reseller_webhooks.http.edge.sse import is_event_stream


class HeadAsGet:
    """Middleware: routes that answer GET answer HEAD, too."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; the scope that the server holds stays as it is."""
        if scope.get("method") == "HEAD":
            await self._head(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _head(self, scope: Scope, receive: Receive, send: Send) -> None:
        with CancelScope() as work:

            async def send_head(message: Message) -> None:
                if work.cancel_called:
                    return
                await send(message)
                if is_event_stream(message):  # Its end would never come.
                    await send({"type": "http.response.body", "body": b""})
                    work.cancel()

            await self._app({**scope, "method": "GET"}, receive, send_head)
