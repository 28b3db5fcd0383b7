"""Many connections that ask for rendered pages, by somebody without a key or session."""

import httpx

from attack.asking import SECONDS, ask_again, get
from testkit.raw_http import STRANGER

CONNECTIONS = 40
PATHS = ("/sign-in", "/docs", "/nothing/is/here", "/api/v1/webhooks", "/manage/reseller")


def make_once(port: int) -> None:
    """Ask for each page once, so that what is made once is made before anything is measured."""
    for path in PATHS:
        httpx.get(f"http://127.0.0.1:{port}{path}", timeout=30)


def rendered(port: int, within_s: float = SECONDS) -> str:
    """40 connections of one address that ask for pages and for what is not there."""
    return ask_again(port, [get(path) for path in PATHS], CONNECTIONS, STRANGER, within_s)
