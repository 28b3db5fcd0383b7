"""Many connections that ask for rendered pages, by somebody without a key or session."""

import concurrent.futures
import itertools
import time
from collections import Counter

import httpx

from testkit.raw_http import STRANGER

SECONDS = 8.0
CONNECTIONS = 40
PATHS = ("/sign-in", "/docs", "/nothing/is/here", "/api/v1/webhooks", "/manage/reseller")


def make_once(port: int) -> None:
    """Ask for each page once, so that what is made once is made before anything is measured."""
    for path in PATHS:
        httpx.get(f"http://127.0.0.1:{port}{path}", timeout=30)


def rendered(port: int, within_s: float = SECONDS) -> str:
    """40 connections of one address that ask for pages and for what is not there."""
    until = time.monotonic() + within_s
    with concurrent.futures.ThreadPoolExecutor(CONNECTIONS) as threads:
        found = sum(threads.map(_ask, [port] * CONNECTIONS, [until] * CONNECTIONS), Counter[str]())
    answers = ", ".join(f"{number} of {status}" for status, number in sorted(found.items()))
    return f"{CONNECTIONS} connections, answers: {answers}"


def _ask(port: int, until: float) -> Counter[str]:
    found: Counter[str] = Counter()
    transport = httpx.HTTPTransport(local_address=STRANGER)
    base = f"http://127.0.0.1:{port}"
    with httpx.Client(transport=transport, base_url=base, timeout=30) as client:
        for path in itertools.cycle(PATHS):
            if time.monotonic() > until:
                return found
            try:
                found[str(client.get(path).status_code)] += 1
            except httpx.HTTPError as error:
                found[type(error).__name__] += 1
    return found
