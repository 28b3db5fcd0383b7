"""`listen`: notifications of a real server reach a local URL, signed, and go there again."""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator

import httpx
import pytest

from reseller_mirror import Verifier
from reseller_webhooks.core.access.permissions import Scope
from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.operations import authentication, resellers
from testkit.processes import clean_environment
from tests.conftest import Running

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
WITHIN_S = 60.0


class LocalHook:
    """An HTTP server that verifies what it is sent. status: what it answers."""

    def __init__(self) -> None:
        self.status = 204
        self.received: asyncio.Queue[tuple[dict[str, str], str]] = asyncio.Queue()
        self.url = ""

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[1:]
        headers = dict(line.lower().split(": ", 1) for line in head if line)
        body = await reader.readexactly(int(headers["content-length"]))
        # Values are lower case here, but a signature is not.
        given = dict(line.split(": ", 1) for line in head if line)
        notification = Verifier(secret=SECRET, token="t").verify(given, body)
        await self.received.put((headers, notification.uuid))
        text = "" if self.status == 204 else "here"
        head_ = f"HTTP/1.1 {self.status} X\r\nconnection: close\r\ncontent-length: {len(text)}"
        writer.write(f"{head_}\r\n\r\n{text}".encode())
        await writer.drain()
        writer.close()


@pytest.fixture
async def hook() -> AsyncIterator[LocalHook]:
    made = LocalHook()
    server = await asyncio.start_server(made.answer, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    yield made
    server.close()


@pytest.fixture
def northwind(running: Running) -> Reseller:
    return resellers.add(running.database, "Northwind")


async def change(running: Running, reseller: Reseller, uuid: str) -> None:
    key = authentication.add_key(running.database, Scope.PLATFORM, None).key
    one = {"reseller": reseller.uuid, "type": "COMPANY", "uuid": uuid, "content": {"name": "A"}}
    async with httpx.AsyncClient(base_url=running.url, timeout=20) as client:
        headers = {"authorization": f"Bearer {key}"}
        got = await client.post("/api/v1/changes", json={"changes": [one]}, headers=headers)
    assert got.status_code == 200, got.text


async def started(*words: str) -> Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "reseller_webhooks", "listen", *words),
        env=clean_environment() | {"RESELLER_SIGNING_SECRET": SECRET},
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
    )


async def line_with(process: Process, text: str) -> str:
    assert process.stdout
    async for line in process.stdout:
        if text in line.decode():
            return line.decode().strip()
    raise AssertionError(f"it ended without {text!r}")


async def test_notifications_are_forwarded_and_sent_again(
    running: Running, northwind: Reseller, hook: LocalHook
) -> None:
    key = authentication.add_key(running.database, Scope.RESELLER_READ, northwind.uuid).key
    await change(running, northwind, "early")
    process = await started(
        *("--key", key, "--forward", hook.url, "--url", running.url, "--token", "t")
    )
    try:
        async with asyncio.timeout(WITHIN_S):
            assert SECRET in await line_with(process, "Signing secret")
            await change(running, northwind, "c-1")
            first = await hook.received.get()
            shown = await line_with(process, "#1")
            assert process.stdin
            process.stdin.write(b"1\n")
            again = await hook.received.get()
            repeated = await line_with(process, "#1")
            process.terminate()
            code = await process.wait()
    finally:
        if process.returncode is None:
            process.kill()

    assert "ADDED COMPANY c-1 version 1 → 204" in shown
    assert "(attempt 2) → 204" in repeated
    assert (first[1], again[1]) == ("c-1", "c-1")
    assert first[0]["webhook-id"] == again[0]["webhook-id"]
    assert [one["x-webhook-attempt"] for one in (first[0], again[0])] == ["1", "2"]
    assert first[0]["user-agent"].startswith("reseller-webhooks/")
    assert code == 0


async def test_events_since_a_time_are_forwarded_first(
    running: Running, northwind: Reseller, hook: LocalHook
) -> None:
    key = authentication.add_key(running.database, Scope.RESELLER_READ, northwind.uuid).key
    await change(running, northwind, "early")
    hook.status = 500
    process = await started(
        *("--key", key, "--forward", hook.url, "--url", running.url, "--token", "t"),
        *("--since", "2020-01-01T00:00:00Z"),
    )
    try:
        async with asyncio.timeout(WITHIN_S):
            _, uuid = await hook.received.get()
            shown = await line_with(process, "#1")
            detail = await line_with(process, "here")
    finally:
        process.kill()

    assert uuid == "early"
    assert "→ 500" in shown
    assert detail == "here"


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--key", "rwk_wrong"], "the server answers 401"),
        (["--since", "yesterday"], "must be a time such as 2026-01-31T12:00:00Z"),
        (["--forward", "localhost:3000"], "'localhost:3000' is no URL"),
        (["--url", "http://127.0.0.1:9"], "http://127.0.0.1:9 does not answer"),
    ],
)
async def test_a_wrong_option_is_refused_with_one_line(
    running: Running, northwind: Reseller, hook: LocalHook, words: list[str], reason: str
) -> None:
    key = authentication.add_key(running.database, Scope.RESELLER_READ, northwind.uuid).key
    process = await started(*("--key", key, "--forward", hook.url, "--url", running.url), *words)
    async with asyncio.timeout(WITHIN_S):
        _, refusal = await process.communicate()

    assert process.returncode == 1
    assert refusal.decode().startswith("reseller-webhooks: ")
    assert reason in refusal.decode()
    assert len(refusal.decode().splitlines()) == 1
