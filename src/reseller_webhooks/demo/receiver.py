"""The receiver of the demo: takes notifications over HTTPS, and fails in the way it is told."""

import asyncio
import json
from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from reseller_webhooks import clock
from reseller_webhooks.clock import Micros

KEPT = 200
HANG_S = 60
PROOFS = ("x-appdirect-webhook-token", "authorization")


class Mood(StrEnum):
    """How the receiver answers."""

    WORKS = "works"
    UNAVAILABLE = "answers 503"
    UNAUTHORISED = "answers 401"
    REDIRECTS = "answers 302"
    HANGS = "does not answer"


STATUS = {
    Mood.WORKS: 204,
    Mood.UNAVAILABLE: 503,
    Mood.UNAUTHORISED: 401,
    Mood.REDIRECTS: 302,
    Mood.HANGS: 503,
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
        """What it is about, in a line."""
        told = self.body.get("data", self.body)  # a CloudEvent holds the notification as its data
        match told:
            case {"resource": {"type": str(resource)}, "resourceAction": str(action)}:
                return f"{resource} {action}"
        return "Not a notification"

    @property
    def pretty(self) -> str:
        """The payload, indented."""
        return json.dumps(self.body, indent=2, ensure_ascii=False)


class Receiver:
    """What came, newest first, and the present mood."""

    def __init__(self) -> None:
        self.arrivals: deque[Arrival] = deque(maxlen=KEPT)
        self.mood = Mood.WORKS
        self.count = 0

    async def take(self, request: Request) -> Response:
        """One notification."""
        mood = self.mood
        body = await request.body()
        self._note(request, body, accepted=mood is Mood.WORKS)
        if mood is Mood.HANGS:
            await self._until_it_is_mended()
        headers = {"location": "https://elsewhere.example/"} if mood is Mood.REDIRECTS else {}
        return Response(status_code=STATUS[mood], headers=headers)

    def _note(self, request: Request, body: bytes, *, accepted: bool) -> None:
        self.count += 1
        self.arrivals.appendleft(
            Arrival(
                at=clock.now(),
                path=request.url.path,
                attempt=request.headers.get("x-webhook-attempt", "1"),
                proof=next((name for name in PROOFS if name in request.headers), ""),
                is_signed="webhook-signature" in request.headers,
                accepted=accepted,
                body=_read(body),
            )
        )

    async def _until_it_is_mended(self) -> None:
        for _ in range(HANG_S):
            if self.mood is not Mood.HANGS:
                return
            await asyncio.sleep(1)


def _read(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        return {"unreadable": body[:200].decode("utf-8", "replace")}
    return found if isinstance(found, dict) else {"unreadable": found}
