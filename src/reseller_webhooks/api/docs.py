"""The API's description as a page: rendered here, without any script."""

from starlette.requests import Request
from starlette.responses import HTMLResponse


async def page(request: Request) -> HTMLResponse:
    """The page."""
    return HTMLResponse("")
