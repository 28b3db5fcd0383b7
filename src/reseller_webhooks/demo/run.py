"""`reseller-webhooks demo`: everything on this machine, in one process, and what to open first."""

import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from socket import socket
from typing import Any

import trustme
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route

from reseller_ingress import Limits, bounded
from reseller_webhooks import crypto
from reseller_webhooks import settings as all_settings
from reseller_webhooks.bootstrap import sign_in_links
from reseller_webhooks.bootstrap.addresses import authority
from reseller_webhooks.bootstrap.program import ProcessRole
from reseller_webhooks.bootstrap.serving import listening, serve, server
from reseller_webhooks.demo import accounts
from reseller_webhooks.demo.accounts import Accounts
from reseller_webhooks.demo.page import ReceiverPage
from reseller_webhooks.demo.page_access import PARAMETER, PageAccess, is_loopback
from reseller_webhooks.demo.platform import Platform
from reseller_webhooks.demo.receiver import DemoReceiver
from reseller_webhooks.observability import start_logging
from reseller_webhooks.settings import PREFIX, Settings
from reseller_webhooks.store.db import migrate
from reseller_webhooks.store.db.database import Database

BRISK = (2, 4, 8, 15, 30, 60, 120, 300, 600, 1200)
"""Seconds between attempts, short enough to watch a receiver recover."""
POLL_S = 0.05
NEAR = "127.0.0.1"
"""Address of the receiver: only this program sends to it."""


def run(host: str, port: int, data: Path) -> None:
    """Run until Ctrl-C. The receiver has the next port, and its page the port after that."""
    data.mkdir(parents=True, exist_ok=True)
    start_logging(as_json=not sys.stderr.isatty())
    target, pages = f"https://{NEAR}:{port + 1}/hook", f"http://{authority(host, port + 2)}/"
    settings = _settings(host, port, data)
    database = Database(settings.database)
    migrate.upgrade(database)
    who = accounts.prepare(database, data / "demo.json")
    platform = Platform(f"http://{authority(host, port)}", settings.public_url, who)
    receiver = DemoReceiver()
    page = ReceiverPage(receiver, platform, target=target, pages=settings.public_url)
    key = "" if is_loopback(host) else crypto.new_token()
    with ExitStack() as stack:
        places = (host, port), (NEAR, port + 1), (host, port + 2)
        main, hook, shown = (stack.enter_context(listening(*place)) for place in places)
        program = server(settings, ProcessRole.ALL)
        _beside(stack, _receiving(receiver, data), hook)
        _beside(stack, _showing(page, key), shown)
        stack.enter_context(sign_in_links.printed_with(settings))
        links = {
            "Sign in": accounts.sign_in_link(database, settings.public_url),
            "Operator": accounts.operator_link(database, settings.public_url),
        }
        shown_at = _keyed(pages, key)
        _once(program, lambda: _welcome(platform, who, links, target=target, page=shown_at))
        serve(program, main)


def _settings(host: str, port: int, data: Path) -> Settings:
    """The operator's settings, with the demo's for the unset ones."""
    own: dict[str, Any] = {
        "database": f"sqlite:///{data.resolve()}/reseller-webhooks.db",
        "public_url": f"http://{authority(host, port)}",
        "allow_targets": "127.0.0.0/8,::1/128",
        "ca_file": _certificates(data),
        "retry_schedule": BRISK,
    }
    unset = {name: value for name, value in own.items() if PREFIX + name.upper() not in os.environ}
    return all_settings.load(**unset)


def _certificates(data: Path) -> Path:
    """A new authority and a certificate of the receiver's for each run; the authority's file."""
    issuer = trustme.CA()
    pair = issuer.issue_cert("127.0.0.1", "localhost", "::1").private_key_and_cert_chain_pem
    (data / "demo-receiver.pem").touch(mode=0o600)
    pair.write_to_path(str(data / "demo-receiver.pem"))
    issuer.cert_pem.write_to_path(str(data / "demo-ca.pem"))
    return data / "demo-ca.pem"


def _receiving(receiver: DemoReceiver, data: Path) -> uvicorn.Config:
    app = Starlette(routes=[Route("/{path:path}", receiver.take, methods=["POST"])])
    pair = data / "demo-receiver.pem"
    return uvicorn.Config(app, ssl_certfile=pair, **bounded(Limits()), **_QUIET)


def _showing(page: ReceiverPage, key: str) -> uvicorn.Config:
    return uvicorn.Config(PageAccess(page.asgi(), key=key), **bounded(Limits()), **_QUIET)


def _keyed(address: str, key: str) -> str:
    return f"{address}?{PARAMETER}={key}" if key else address


_QUIET: dict[str, Any] = {
    "log_level": "critical",
    "access_log": False,
    "lifespan": "off",
    "timeout_graceful_shutdown": 1,
}


def _beside(stack: ExitStack, config: uvicorn.Config, open_socket: socket) -> None:
    """Serve on a thread of its own until the stack is left."""
    one = uvicorn.Server(config)
    thread = threading.Thread(target=one.run, kwargs={"sockets": [open_socket]}, daemon=True)
    thread.start()

    def stop() -> None:
        one.should_exit = True
        thread.join(timeout=3)

    stack.callback(stop)


def _once(program: uvicorn.Server, call: Callable[[], None]) -> None:
    """Call a function once the program answers; uvicorn has no event for it, so a thread polls."""

    def wait() -> None:
        while not program.started and not program.should_exit:
            time.sleep(POLL_S)
        if program.started:
            call()

    threading.Thread(target=wait, daemon=True).start()


def _welcome(
    platform: Platform, who: Accounts, links: Mapping[str, str], *, target: str, page: str
) -> None:
    if who.is_new:
        platform.feed_sample()
    lines = {
        "Sign in": links["Sign in"],
        "Platform key": who.platform_key,
        "Reseller key": who.reseller_key,
        "Receiver URL": target,
        "Receiver page": page,
        "Operator": links["Operator"],
    }
    for label, value in lines.items():
        print(f"{label + ':':15}{value}", flush=True)  # noqa: T201 - what a person waits for
