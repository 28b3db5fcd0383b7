"""An attempt: one HTTP request of a delivery, and its result. Owns what counts as success."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from reseller_webhooks.core.deliveries.retry import RETRY_AFTER_MAX_S
from reseller_webhooks.core.messages import Message
from reseller_webhooks.core.messages.attempts import ANSWERED_REDIRECT, ANSWERED_STATUS

RESPONSE_BYTES_READ = 16 * 1024
"""A receiver has no reason to answer more; past this the connection is closed, not drained."""
RESPONSE_CHARS_KEPT = 4 * 1024
"""Characters of a response that the log keeps: the first lines of an error page."""


HEADERS_KEPT = 24
HEADER_CHARS_KEPT = 200
_SECRET = re.compile(r"cookie|auth|token|secret|password|session|signature|credential|api-?key")
"""Names of headers whose values may grant access."""
_HARMLESS = frozenset({"www-authenticate", "proxy-authenticate"})
"""Challenges, which hold no secret."""


class Outcome(StrEnum):
    """Outcomes of an attempt."""

    ACCEPTED = "ACCEPTED"
    """The receiver answered 2xx."""
    FAILED = "FAILED"
    """Anything else that went over the network, or tried to."""
    REFUSED = "REFUSED"
    """We did not send: the guard or the webhook's own settings forbid it."""


class Reason(StrEnum):
    """The kind of failure of an attempt. Its message says more."""

    STATUS = "STATUS"
    REDIRECT = "REDIRECT"
    TIMEOUT = "TIMEOUT"
    DNS = "DNS"
    CONNECT = "CONNECT"
    TLS = "TLS"
    CLOSED = "CLOSED"
    PROTOCOL = "PROTOCOL"
    FORBIDDEN_URL = "FORBIDDEN_URL"
    FORBIDDEN_ADDRESS = "FORBIDDEN_ADDRESS"
    OAUTH2 = "OAUTH2"
    RECEIVER_DEAD = "RECEIVER_DEAD"
    """Given up without another attempt: the receiver failed for longer than the schedule."""
    EXPIRED = "EXPIRED"
    """Given up without another attempt: older than notifications are kept."""
    CLOCK = "CLOCK"
    """A status by which receivers refuse a timestamp, with a `Date` that differs from our clock."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One request, ready to go: everything the sender needs and nothing else.

    url: https, as the webhook names it. headers: all but host and content-length.
    reseller_id: whose turn it takes where resellers take turns; 0 for nobody's.
    """

    url: str
    headers: dict[str, str]
    body: bytes
    reseller_id: int = 0


class Attempt(NamedTuple):
    """The result of one request, whatever happened.

    status: the HTTP status, or None when no answer came.
    ms: whole milliseconds from the start until the answer or the failure.
    message: why it did not succeed, None on success; holds no secret.
    retry_after_s: what the receiver asked for (RFC 9110, 10.2.3), or 0.
    response: the start of the answer's body, at most RESPONSE_CHARS_KEPT characters.
    headers: the answer's first ones by `kept_headers`.
    no_sign: not even a refusal came, nor anything of a name server: perhaps it is our own network.
    clock_ahead_s: how far the receiver's clock is ahead of ours; only of a `REFUSES_TIMESTAMPS`.
    note: what was unusual, also of an attempt that was accepted.
    """

    outcome: Outcome
    ms: int
    status: int | None = None
    reason: Reason | None = None
    message: Message | None = None
    retry_after_s: int = 0
    response: str = ""
    headers: Mapping[str, str] | None = None
    unreachable: bool = False
    clock_ahead_s: int | None = None
    note: Message | None = None

    @property
    def detail(self) -> str:
        """The message in English, empty on success."""
        return str(self.message or "")

    @property
    def accepted(self) -> bool:
        """True if the receiver accepted the notification."""
        return self.outcome is Outcome.ACCEPTED

    def __repr__(self) -> str:
        """Without what the receiver said, which may be secret."""
        return f"Attempt({self.outcome}, {self.ms} ms, {self.status}, {self.reason})"


def from_status(
    status: int,
    ms: int,
    *,
    retry_after_s: int = 0,
    response: str = "",
    headers: Mapping[str, str] | None = None,
) -> Attempt:
    """The attempt that an answer makes: 2xx is success, redirects are not followed and fail."""
    if 200 <= status < 300:
        return Attempt(Outcome.ACCEPTED, ms, status, response=response, headers=headers)
    if 300 <= status < 400:
        reason, later = Reason.REDIRECT, 0
        message = ANSWERED_REDIRECT(status=status)
    else:
        reason, later = Reason.STATUS, retry_after_s
        message = ANSWERED_STATUS(status=status)
    return Attempt(Outcome.FAILED, ms, status, reason, message, later, response, headers)


@lru_cache(maxsize=2_000)  # receivers answer the same, but for the date
def kept_headers(raw: tuple[tuple[bytes, bytes], ...]) -> Mapping[str, str]:
    """The response headers that the log keeps: some, cut short, without possible secrets."""
    kept: dict[str, str] = {}
    for name, value in raw:
        if len(name) > HEADER_CHARS_KEPT:
            continue
        called, text = _printable(name), value.decode("latin-1").replace("\0", "")
        if called in kept:
            kept[called] = f"{kept[called]}, {text}"[:HEADER_CHARS_KEPT]
        elif called and len(kept) < HEADERS_KEPT:
            kept[called] = text[:HEADER_CHARS_KEPT]
    return kept


@lru_cache(maxsize=1_000)
def _printable(name: bytes) -> str:
    """A header's name as the log keeps it; nothing when its value may be a secret."""
    called = name.decode("latin-1").lower()
    is_harmless = called in _HARMLESS or not _SECRET.search(called)
    return called if is_harmless else ""


def response_start(raw: bytes) -> str:
    """The start of a response body as text, without characters that a database cannot store."""
    # A character takes four bytes at most, so what comes after these is cut off anyway.
    text = raw[: 4 * RESPONSE_CHARS_KEPT].decode(errors="replace")
    return text.replace("\0", "")[:RESPONSE_CHARS_KEPT]


def retry_after_s(text: str, now: int) -> int:
    """The seconds a Retry-After header asks for (RFC 9110, 10.2.3), 0 when it cannot be read.

    now: microseconds UTC, for the form that is a date.
    """
    text = text.strip()
    if not text:
        return 0
    if re.fullmatch(r"[0-9]+", text):
        return min(int(text[:9]), RETRY_AFTER_MAX_S)
    at = http_date_s(text)
    return 0 if at is None else max(0, min(round(at - now / 1_000_000), RETRY_AFTER_MAX_S))


def http_date_s(text: str) -> float | None:
    """Seconds UTC of a date as HTTP has it (RFC 9110, 5.6.7), None when it cannot be read."""
    try:
        at = parsedate_to_datetime(text)
        # It is always GMT, also when it says -0000, which Python takes for "unknown".
        return at.replace(tzinfo=at.tzinfo or UTC).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):  # as the parts may be anything
        return None


REFUSES_TIMESTAMPS = frozenset({400, 401, 403})
"""Statuses with which receivers answer a timestamp that is too old or in the future."""
CLOCK_OFF_S = 60
"""By so much two clocks may differ without a word."""


def with_clock(attempt: Attempt, date: str, sent_at_s: float) -> Attempt:
    """The attempt, with the offset of the receiver's clock by the response's Date.

    sent_at_s: what our timestamp in the request said, in seconds UTC.
    """
    received = http_date_s(date)
    if attempt.status not in REFUSES_TIMESTAMPS or received is None:
        return attempt
    ahead_s = round(received - sent_at_s - attempt.ms / 1000)
    is_off = abs(ahead_s) > CLOCK_OFF_S
    reason = Reason.CLOCK if is_off else attempt.reason
    return attempt._replace(reason=reason, clock_ahead_s=ahead_s)
