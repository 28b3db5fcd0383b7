"""The demo receiver's page: notifications, behaviour, and a button that makes a change.

It works by plain forms; a small module brings in what is new without a reload.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from importlib.resources import files
from importlib.resources.abc import Traversable

from jinja2 import Environment, PackageLoader
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from reseller_webhooks.clock import SECOND, Micros
from reseller_webhooks.core.enums import Resource
from reseller_webhooks.core.errors import Invalid
from reseller_webhooks.demo.platform import Platform
from reseller_webhooks.demo.receiver import Behaviour, DemoReceiver
from reseller_webhooks.http.pages import form

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
SECURE = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
    "referrer-policy": "same-origin",
}
SHARED = files("reseller_webhooks.http.pages") / "static"
OWN = files("reseller_webhooks.demo") / "static"


class ReceiverPage:
    """The page over a receiver; `target` is what to paste into Add Webhook."""

    def __init__(
        self, receiver: DemoReceiver, platform: Platform, *, target: str, pages: str
    ) -> None:
        self._receiver, self._platform = receiver, platform
        self._told = ""
        self._resource: Resource | None = None
        loader = PackageLoader("reseller_webhooks.demo")
        environment = Environment(loader=loader, autoescape=True, trim_blocks=True)
        environment.filters["utc"] = _utc
        environment.globals.update(
            target=target, pages=pages, moods=list(Behaviour), resources=list(Resource)
        )
        self._template = environment.get_template("receiver.html")

    def asgi(self) -> Starlette:
        """The application."""
        return Starlette(
            routes=[
                Route("/", self._show),
                Route("/change", self._change, methods=["POST"]),
                Route("/mood", self._set_mood, methods=["POST"]),
                Route("/count", self._count),
                Route("/app.css", _file(SHARED / "app.css", "text/css")),
                Route("/icon.svg", _file(SHARED / "icon.svg", "image/svg+xml")),
                Route("/demo.css", _file(OWN / "demo.css", "text/css")),
                Route("/demo.js", _file(OWN / "demo.js", "text/javascript")),
            ],
            exception_handlers={Invalid: _refuse},
        )

    async def _show(self, _: Request) -> Response:
        html = self._template.render(
            receiver=self._receiver.snapshot(), told=self._told, chosen=self._resource
        )
        return HTMLResponse(html, headers=SECURE)

    async def _change(self, request: Request) -> Response:
        if _is_from_elsewhere(request):
            return PlainTextResponse("this form was sent from another site", 403)
        given = (await form.read(request)).text("resource")
        self._resource = Resource(given) if given in set(Resource) else None
        try:
            change = partial(self._platform.change_something, self._resource)
            self._told = await run_in_threadpool(change)
        except OSError as error:
            self._told = f"Nothing was changed, the server did not take it: {error}"
        return RedirectResponse("/", 303)

    async def _set_mood(self, request: Request) -> Response:
        if _is_from_elsewhere(request):
            return PlainTextResponse("this form was sent from another site", 403)
        given = (await form.read(request)).text("mood")
        if given in set(Behaviour):
            self._receiver.mood = Behaviour(given)
        return RedirectResponse("/", 303)

    async def _count(self, _: Request) -> Response:
        return PlainTextResponse(str(self._receiver.count), headers=SECURE)


async def _refuse(_: Request, error: Exception) -> Response:
    return PlainTextResponse(str(error), 400, headers=SECURE)


def _is_from_elsewhere(request: Request) -> bool:
    return request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none")


def _file(file: Traversable, media_type: str) -> Callable[[Request], Awaitable[Response]]:
    body = file.read_bytes()

    async def serve(_: Request) -> Response:
        return Response(body, media_type=media_type, headers=SECURE)

    return serve


def _utc(at: Micros) -> str:
    return f"{datetime.fromtimestamp(at / SECOND, UTC):%H:%M:%S}"
