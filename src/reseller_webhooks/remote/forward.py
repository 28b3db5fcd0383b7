"""Sends notifications to a local URL with the headers and signatures of real ones."""

from collections.abc import Callable
from dataclasses import dataclass

import httpx
import orjson

from reseller_webhooks import clock
from reseller_webhooks.core.deliveries.notification import TOKEN, USER_AGENT
from reseller_webhooks.core.errors import Refused
from reseller_webhooks.core.webhooks.signing import sign

TIMEOUT_S = 30.0
"""As for real notifications."""
SHOWN_CHARS = 200


@dataclass(frozen=True, slots=True)
class ForwardedNotification:
    """A notification and the answer to it. status: None without an answer."""

    number: int
    attempt: int
    resource: str
    action: str
    uuid: str
    version: int
    status: int | None
    ms: int
    detail: str

    @property
    def is_taken(self) -> bool:
        """True if the answer is 2xx."""
        return self.status is not None and 200 <= self.status < 300


class Forwarder:
    """Sends each notification once, and any of them again by its number."""

    def __init__(
        self,
        target: str,
        secret: str,
        *,
        token: str | None = None,
        now: Callable[[], int] = clock.now,
    ) -> None:
        if not target.startswith(("http://", "https://")):
            raise Refused(f"{target!r} is no URL; give one such as http://localhost:3000/hook")
        try:
            sign([secret], "id", 0, b"")
        except ValueError as error:
            raise Refused(f"the secret is not right: {error}") from None
        self._target, self._secret, self._token, self._now = target, secret, token, now
        self._client = httpx.Client(timeout=TIMEOUT_S)
        self._sent: list[tuple[bytes, int]] = []

    def close(self) -> None:
        """Close connections."""
        self._client.close()

    def send(self, notification: dict[str, object]) -> ForwardedNotification:
        """Send a new notification."""
        self._sent.append((orjson.dumps(notification), 0))
        return self._attempt(len(self._sent))

    def again(self, number: int) -> ForwardedNotification | None:
        """Send a notification again, by its number from 1; None if there is none."""
        return self._attempt(number) if 1 <= number <= len(self._sent) else None

    @property
    def count(self) -> int:
        """Notifications that were sent."""
        return len(self._sent)

    def _attempt(self, number: int) -> ForwardedNotification:
        body, before = self._sent[number - 1]
        self._sent[number - 1] = body, before + 1
        told = orjson.loads(body)
        began = clock.monotonic_s()
        status, detail = self._post(told["uuid"], body, before + 1)
        return ForwardedNotification(
            number=number,
            attempt=before + 1,
            resource=told["resource"]["type"],
            action=told["resourceAction"],
            uuid=told["resource"]["uuid"],
            version=told["resourceVersion"],
            status=status,
            ms=round((clock.monotonic_s() - began) * 1000),
            detail=detail,
        )

    def _post(self, event: str, body: bytes, attempt: int) -> tuple[int | None, str]:
        at_s = self._now() // clock.SECOND
        headers = {
            "content-type": "application/json",
            "user-agent": USER_AGENT,
            "webhook-id": event,
            "webhook-timestamp": str(at_s),
            "webhook-signature": sign([self._secret], event, at_s, body),
            "x-webhook-attempt": str(attempt),
        } | ({TOKEN: self._token} if self._token else {})
        try:
            answer = self._client.post(self._target, content=body, headers=headers)
        except httpx.HTTPError as error:
            return None, str(error) or type(error).__name__
        return answer.status_code, "" if answer.is_success else answer.text[:SHOWN_CHARS]
