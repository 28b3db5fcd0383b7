"""make hops: how many files a reader goes through to follow the program's three main trips.

A hop is a pair of files of src/reseller_webhooks of which the first calls the second, directly or
through a library, however often. Printed for each trip: hops, and the files that took part. The
lowest of several runs counts, since background work of the engine falls into some of them.
`python -m bench.hops pairs` prints each hop, too.
"""

import asyncio
import socket
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import httpx
import uvicorn
from sqlalchemy import Engine, event

from bench.program import Receiver, workshop
from reseller_webhooks.bootstrap.ingress import bounds
from reseller_webhooks.bootstrap.program import Program
from reseller_webhooks.core.access.permissions import Role, Scope
from reseller_webhooks.http.pages import paths
from reseller_webhooks.operations import authentication, resellers, users
from reseller_webhooks.settings import Settings
from reseller_webhooks.store.db import migrate
from testkit.processes import wait_until

SOURCE = str(Path(__file__).parents[1] / "src" / "reseller_webhooks")
DRIVER = f"{SOURCE}/store/db/sqlite_driver.py"
ENDS_OF_TRIPS = ("INSERT INTO event ", "INSERT INTO webhook ")
"""Not every write: the minimum of several runs would be one with another commit before it."""
RUNS = 15
WITHIN_S = 10.0
EMAIL = "ana@acme.example"


@dataclass
class Recording:
    """Calls from file to file, with the time of each in nanoseconds since the epoch."""

    calls: list[tuple[int, str, str]] = field(default_factory=list)
    commits: list[int] = field(default_factory=list)

    def between(self, began: int, ended: int) -> "Trip":
        """The trip from one instant to another."""
        spanned = (call for call in self.calls if began <= call[0] <= ended)
        return Trip(frozenset((caller, called) for _, caller, called in spanned))


class Recorder:
    """Profiles every thread that starts after it, while something is recorded."""

    def __init__(self) -> None:
        self._recording: Recording | None = None
        self._wrote = threading.local()
        threading.setprofile(self._profile)
        sys.setprofile(self._profile)
        event.listen(Engine, "before_cursor_execute", self._note_statement)

    @contextmanager
    def recording(self) -> Iterator[Recording]:
        self._recording = recording = Recording()
        try:
            yield recording
        finally:
            self._recording = None

    def _profile(self, frame: FrameType, kind: str, _: object) -> None:
        recording = self._recording
        if recording is None or not _is_ours(frame):
            return
        if frame.f_code.co_filename == DRIVER:
            self._note(recording, frame, kind)
        if kind != "call":
            return
        caller = _caller(frame)
        if caller and caller != frame.f_code.co_filename:
            recording.calls.append((time.time_ns(), caller, frame.f_code.co_filename))

    def _note(self, recording: Recording, frame: FrameType, kind: str) -> None:
        """A statement or the end of a commit, of the driver that all transactions use."""
        name = frame.f_code.co_name
        if kind == "call" and name in ("send", "last_row"):
            self._note_statement(None, None, frame.f_locals["text"])
        elif kind == "return" and name == "commit":
            if getattr(self._wrote, "any", False):
                recording.commits.append(time.time_ns())
            self._wrote.any = False

    def _note_statement(self, *given: Any) -> None:
        if str(given[2]).startswith(ENDS_OF_TRIPS):
            self._wrote.any = True


def _is_ours(frame: FrameType) -> bool:
    return frame.f_code.co_filename.startswith(SOURCE)


def _caller(frame: FrameType) -> str:
    """The nearest file of ours up the stack; a thread or task begins with none."""
    above = frame.f_back
    while above and not _is_ours(above):
        above = above.f_back
    return above.f_code.co_filename if above else ""


@dataclass(frozen=True)
class Trip:
    """Pairs of files that called each other between two instants."""

    hops: frozenset[tuple[str, str]]

    def __str__(self) -> str:
        files = {file for hop in self.hops for file in hop}
        return f"{len(self.hops):>5} hops {len(files):>5} files"

    def pairs(self) -> str:
        """Each hop in a line."""
        names = [(one.removeprefix(SOURCE), other.removeprefix(SOURCE)) for one, other in self.hops]
        return "".join(f"    {one} -> {other}\n" for one, other in sorted(names))


@dataclass(frozen=True)
class Running:
    """A program that runs in this process, and clients of it."""

    program: Program
    recorder: Recorder
    receiver: Receiver
    api: httpx.AsyncClient
    pages: httpx.AsyncClient
    reseller: str

    async def change(self, number: int) -> dict[str, Trip]:
        """One change, from the request to the commit and from there to the receiver's socket."""
        content = {"name": f"Name {number}"}
        change = {"reseller": self.reseller, "type": "COMPANY", "uuid": "c", "content": content}
        with self.recorder.recording() as recording:
            began = time.time_ns()
            answer = await self.api.post("/api/v1/changes", json={"changes": [change]})
            event_id = answer.raise_for_status().json()["results"][0]["event"]
            received = await self._receipt(event_id)
        committed = recording.commits[0]
        return {
            "POST /api/v1/changes to commit": recording.between(began, committed),
            "commit to the receiver": recording.between(committed, received),
        }

    async def add_webhook(self, number: int) -> dict[str, Trip]:
        """The form of a webhook, from the request to the commit."""
        form = {
            "form-token": _form_token(await self.pages.get(paths.ADD)),
            "url": f"https://hooks.example.com/{number}",
            "resource": "LEAD",
            "actions": "ADDED",
            "auth": "NONE",
            "format": "NOTIFICATION",
            "mode": "EVERY_CHANGE",
            "maxInFlight": "10",
        }
        with self.recorder.recording() as recording:
            began = time.time_ns()
            answer = await self.pages.post(paths.ADD, data=form)
        assert answer.status_code == httpx.codes.SEE_OTHER, answer.text
        return {"form to row": recording.between(began, recording.commits[-1])}

    async def _receipt(self, event_id: str) -> int:
        deadline = time.monotonic() + WITHIN_S
        while time.monotonic() < deadline:
            for number, at in await asyncio.to_thread(self.receiver.times):
                if number == event_id:
                    return at * 1000
        raise SystemExit("the notification did not arrive")


def _form_token(answer: httpx.Response) -> str:
    return (
        answer.raise_for_status().text.partition('name="form-token" value="')[2].partition('"')[0]
    )


@asynccontextmanager
async def running(directory: Path, recorder: Recorder) -> AsyncIterator[Running]:
    """A program on a port of its own, with one webhook."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        listening.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        settings = Settings(
            database=f"sqlite:///{directory}/hops.db",
            public_url=url,
            allow_targets="127.0.0.0/8",
            ca_file=directory / "ca.pem",
        )
        program = Program(settings)
        migrate.upgrade(program.database)
        options = bounds(settings)
        server = uvicorn.Server(uvicorn.Config(program.asgi(), log_level="warning", **options))
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        await asyncio.to_thread(wait_until, lambda: server.started, "the program serves")
        try:
            yield await _prepare(program, recorder, directory, url)
        finally:
            server.should_exit = True
            await serving


async def _prepare(program: Program, recorder: Recorder, directory: Path, url: str) -> Running:
    database = program.database
    reseller = resellers.add(database, "Hops").uuid
    key = authentication.add_key(database, Scope.PLATFORM, None).key
    link = users.add(database, EMAIL, Role.ADMIN, reseller)
    receiver = Receiver(directory)
    api = httpx.AsyncClient(base_url=url, headers={"authorization": f"Bearer {key}"})
    pages = httpx.AsyncClient(base_url=url, headers={"origin": url})
    opened = await pages.get(f"{paths.SIGN_IN}/{link}")
    await pages.post(opened.url, data={"form-token": _form_token(opened)})
    webhook = {
        "url": receiver.url,
        "resource": "COMPANY",
        "actions": ["ADDED", "CHANGED"],
        "auth": {"type": "NONE"},
    }
    answer = await api.post("/api/v1/webhooks", params={"reseller": reseller}, json=webhook)
    answer.raise_for_status()
    return Running(program, recorder, receiver, api, pages, reseller)


async def _measure(directory: Path) -> dict[str, Trip]:
    shortest: dict[str, Trip] = {}
    async with running(directory, Recorder()) as it:
        for number in range(RUNS):
            trips = await it.change(number) | await it.add_webhook(number)
            for name, trip in trips.items():
                known = shortest.get(name, trip)
                shortest[name] = min(known, trip, key=lambda one: len(one.hops))
        it.receiver.end()
    return shortest


def main() -> None:
    """Measure and print."""
    with workshop() as directory:
        for name, trip in asyncio.run(_measure(directory)).items():
            print(f"{name:36}{trip}")
            if "pairs" in sys.argv[1:]:
                print(trip.pairs(), end="")


if __name__ == "__main__":
    main()
