"""The demo's receiver: accepts notifications over HTTPS, or fails as configured."""

import asyncio
import json
from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from threading import Lock
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from reseller_webhooks import clock
from reseller_webhooks.clock import Micros

KEPT = 200
HANG_S = 60
PROOFS = ("x-appdirect-webhook-token", "authorization")


class Behaviour(StrEnum):
    """Behaviours of the receiver."""

    WORKS = "works"
    UNAVAILABLE = "answers 503"
    UNAUTHORISED = "answers 401"
    REDIRECTS = "answers 302"
    HANGS = "does not answer"


STATUS = {
    Behaviour.WORKS: 204,
    Behaviour.UNAVAILABLE: 503,
    Behaviour.UNAUTHORISED: 401,
    Behaviour.REDIRECTS: 302,
    Behaviour.HANGS: 503,
}


@dataclass(frozen=True, slots=True)
class Arrival:
    """A request that came. proof: the token or bearer it showed. accepted: how we answered."""

    at: Micros
    path: str
    attempt: str
    proof: str
    is_signed: bool
    accepted: bool
    body: dict[str, Any]

    @property
    def summary(self) -> str:
        """A one-line summary of the notification."""
        told = self.body.get("data", self.body)  # a CloudEvent holds the notification as its data
        match told:
            case {"resource": {"type": str(resource)}, "resourceAction": str(action)}:
                return f"{resource} {action}"
        return "Not a notification"

    @property
    def pretty(self) -> str:
        """The payload, indented."""
        return json.dumps(self.body, indent=2, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The receiver at one instant: the last arrivals, newest first, and how many there ever were.

    It never changes, so that a page can be rendered from it while notifications go on arriving.
    """

    arrivals: tuple[Arrival, ...]
    count: int
    mood: Behaviour


class DemoReceiver:
    """Records arrivals and answers in the present mood.

    Notifications arrive on one thread and the page is rendered on another; they share this object.
    """

    def __init__(self) -> None:
        self.mood = Behaviour.WORKS
        self._lock = Lock()
        self._arrivals: deque[Arrival] = deque(maxlen=KEPT)
        self._count = 0

    @property
    def count(self) -> int:
        """The number of notifications since the start."""
        return self._count

    def snapshot(self) -> Snapshot:
        """A consistent copy of what arrived."""
        with self._lock:
            return Snapshot(tuple(self._arrivals), self._count, self.mood)

    async def take(self, request: Request) -> Response:
        """One notification."""
        mood = self.mood
        body = await request.body()
        self._add(_arrival(request, body, accepted=mood is Behaviour.WORKS))
        if mood is Behaviour.HANGS:
            await self._until_it_is_mended()
        headers = {"location": "https://elsewhere.example/"} if mood is Behaviour.REDIRECTS else {}
        return Response(status_code=STATUS[mood], headers=headers)

    def _add(self, arrival: Arrival) -> None:
        with self._lock:
            self._count += 1
            self._arrivals.appendleft(arrival)

    async def _until_it_is_mended(self) -> None:
        for _ in range(HANG_S):
            if self.mood is not Behaviour.HANGS:
                return
            await asyncio.sleep(1)


def _arrival(request: Request, body: bytes, *, accepted: bool) -> Arrival:
    return Arrival(
        at=clock.now(),
        path=request.url.path,
        attempt=request.headers.get("x-webhook-attempt", "1"),
        proof=next((name for name in PROOFS if name in request.headers), ""),
        is_signed="webhook-signature" in request.headers,
        accepted=accepted,
        body=_read(body),
    )


def _read(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        return {"unreadable": body[:200].decode("utf-8", "replace")}
    return found if isinstance(found, dict) else {"unreadable": found}
