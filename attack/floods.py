"""Many requests at once, without a key."""

import concurrent.futures
import contextlib
import re
import time
from collections import Counter

import httpx

from testkit.raw_http import CHUNK, connected, pushed

SECONDS = 8.0
PIPELINES, REQUESTS = 20, 4000
SIGN_INS = 40
OPENAPI = b"GET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\n"


def pipelines(port: int, within_s: float = SECONDS) -> str:
    """20 connections with 4,000 pipelined requests each for /openapi.json, all read."""
    with concurrent.futures.ThreadPoolExecutor(PIPELINES) as threads:
        answers = sum(threads.map(_pipeline, [port] * PIPELINES, [within_s] * PIPELINES))
    return f"{PIPELINES} x {REQUESTS} requests, {answers} answered within {within_s:g} s"


def unread_answers(port: int, within_s: float = SECONDS) -> str:
    """20 connections that ask for /openapi.json again and again and read nothing."""
    until = time.monotonic() + within_s
    with concurrent.futures.ThreadPoolExecutor(PIPELINES) as threads:
        sent = sum(threads.map(_unread, [port] * PIPELINES, [until] * PIPELINES))
    return f"{sent / 2**20:.1f} MB of requests were taken"


def sign_in(port: int) -> str:
    """Sign-ins with a password, 40 at once from one address."""
    until = time.monotonic() + SECONDS
    found: Counter[str] = Counter()
    with concurrent.futures.ThreadPoolExecutor(SIGN_INS) as threads:
        for each in threads.map(_sign_ins, [port] * SIGN_INS, [until] * SIGN_INS):
            found += each
    told = ", ".join(f"{number} of {status}" for status, number in sorted(found.items()))
    return f"answers: {told}"


def _pipeline(port: int, within_s: float) -> int:
    until, answers = time.monotonic() + within_s, 0
    with connected(port) as one:
        one.setblocking(False)
        rest = memoryview(OPENAPI * REQUESTS)
        while answers < REQUESTS and time.monotonic() < until:
            with contextlib.suppress(BlockingIOError):
                rest = rest[one.send(rest) :] if rest else rest
            try:
                part = one.recv(CHUNK)
            except BlockingIOError:
                time.sleep(0.001)
                continue
            if not part:
                break
            answers += part.count(b"HTTP/1.1 200")
    return answers


def _unread(port: int, until: float) -> int:
    with connected(port) as one:
        one.settimeout(1)
        sent = pushed(one, OPENAPI * 1000, 4 * 2**20)
        time.sleep(max(0.0, until - time.monotonic()))
    return sent


def _sign_ins(port: int, until: float) -> Counter[str]:
    found: Counter[str] = Counter()
    transport = httpx.HTTPTransport(local_address="127.0.0.2")
    base = f"http://127.0.0.1:{port}"
    with httpx.Client(transport=transport, base_url=base, timeout=30) as client:
        page = client.get("/sign-in").text
        token = re.search(r'name="form-token" value="([^"]+)"', page)
        form = {"form-token": token[1] if token else "", "email": "nobody@example.com"}
        form["password"] = "wrong guess, 40 at once"
        while time.monotonic() < until:
            try:
                answer = client.post("/sign-in", data=form, headers={"origin": base})
                found[str(answer.status_code)] += 1
            except httpx.HTTPError as error:
                found[type(error).__name__] += 1
    return found
