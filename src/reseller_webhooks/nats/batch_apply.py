"""Applies messages in batches: one transaction for many, invalid ones apart."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

import orjson
import structlog

from reseller_webhooks import crypto
from reseller_webhooks.core.errors import (
    Conflict,
    FanOutFull,
    Invalid,
    KeyReused,
    ResellerWebhooksError,
    Unavailable,
)
from reseller_webhooks.core.json_input import parse
from reseller_webhooks.core.messages.changes import (
    MESSAGE_ID_REUSED,
    MESSAGE_NOT_JSON,
    PROGRAM_FAILED,
)
from reseller_webhooks.ingest import parsing
from reseller_webhooks.nats.consumer import StreamMessage
from reseller_webhooks.nats.waiting_resellers import WaitingResellers
from reseller_webhooks.operations import changes
from reseller_webhooks.operations.changes import ChangeRequest, ChangesAnswer
from reseller_webhooks.store.db.database import Database

CHANGES_A_BATCH = 2_000
"""In one transaction; more would hold up everybody else's."""

_KEY = re.compile(r"[\x21-\x7e]{1,255}")

log = structlog.get_logger()


Outcomes = dict[StreamMessage, ResellerWebhooksError | None]
"""With what error each message was refused, None for one that is in the store."""


@dataclass(frozen=True, slots=True)
class MessageResult:
    """The result of a message: it is in the store, unless it was refused with an error."""

    message: StreamMessage
    refused: ResellerWebhooksError | None = None


class BatchApply:
    """Applies messages of one stream."""

    def __init__(self, database: Database, stream: str, public_url: str) -> None:
        self._database, self._stream = database, stream
        self._public_url = public_url
        self._waiting = WaitingResellers()

    def apply(self, messages: Sequence[StreamMessage]) -> list[MessageResult]:
        """The first of these messages, as many as fit in a transaction; durable on return.

        Messages of resellers with too many pending fan-outs wait, and so do later messages of the
        same resellers. Unavailable when the store is away or all messages wait; then it may be done
        again, with no more effect.
        """
        outcomes: Outcomes = {}
        held = self._waiting.resellers()
        requests: dict[StreamMessage, ChangeRequest] = {}
        count = 0
        for message in messages:
            try:
                request = self._read(message)
            except ResellerWebhooksError as error:
                outcomes[message] = error
                continue
            named = _resellers(request)
            if not held.isdisjoint(named):
                held |= named
                continue
            count += len(request.changes)
            if requests and count > CHANGES_A_BATCH:
                break
            requests[message] = request
        outcomes |= self._applied(requests) if requests else {}
        self._hold_back(requests, outcomes)
        # None beyond the first that did not fit, so that messages are dealt with in sequence.
        fitting = takewhile(lambda one: one in outcomes or one not in requests, messages)
        handled = [
            MessageResult(one, outcomes[one])
            for one in fitting
            if one in outcomes and not isinstance(outcomes[one], FanOutFull)
        ]
        if not handled:
            self._waiting.raise_error()
        return handled

    def _hold_back(self, requests: dict[StreamMessage, ChangeRequest], outcomes: Outcomes) -> None:
        for message, request in requests.items():
            error = outcomes.get(message)
            if isinstance(error, FanOutFull):
                self._waiting.add(_resellers(request), error)

    def _read(self, message: StreamMessage) -> ChangeRequest:
        try:
            body = parse(message.body)
        except orjson.JSONDecodeError as error:
            raise Invalid.at("", MESSAGE_NOT_JSON(why=str(error))) from None
        return parsing.parse_changes(body, raw=message.body, key=self._key(message))

    def _key(self, message: StreamMessage) -> str:
        """The key that identifies a repeated message. A stream that was made anew counts from 1
        again, so the
        sequence alone would not do.
        """
        named = f"id:{message.id}" if message.id else f"{message.sequence}:{message.stored_at}"
        key = f"nats:{self._stream}:{named}"
        return key if _KEY.fullmatch(key) else f"nats:{crypto.digest(key.encode())}"

    def _applied(self, requests: dict[StreamMessage, ChangeRequest]) -> Outcomes:
        try:
            return self._together(requests)
        except Unavailable:
            raise
        except Exception:
            if len(requests) == 1:
                raise
            return self._one_by_one(requests)

    def _together(self, requests: dict[StreamMessage, ChangeRequest]) -> Outcomes:
        answers = changes.apply(
            self._database, list(requests.values()), public_url=self._public_url
        )
        return {
            message: _refusal(message, answer)
            for message, answer in zip(requests, answers, strict=False)  # the first, as many as fit
        }

    def _one_by_one(self, requests: dict[StreamMessage, ChangeRequest]) -> Outcomes:
        """One of them makes the program fail. When each does, it is not the message's fault."""
        outcomes: Outcomes = {}
        failed: Exception | None = None
        for message, request in requests.items():
            try:
                outcomes |= self._together({message: request})
            except Unavailable:
                raise
            except Exception as error:
                log.exception("a message makes the program fail", sequence=message.sequence)
                fault = PROGRAM_FAILED(error=type(error).__name__)
                outcomes[message] = ResellerWebhooksError(fault)
                failed = error
        if failed and all(outcomes.values()):
            raise failed
        return outcomes


def _resellers(request: ChangeRequest) -> set[str]:
    return {change.reseller for change in request.changes}


def _refusal(
    message: StreamMessage, answer: ChangesAnswer | ResellerWebhooksError
) -> ResellerWebhooksError | None:
    match answer:
        case ChangesAnswer():
            return None
        case FanOutFull():
            return answer
        case Unavailable():
            raise answer
        case KeyReused():
            return Conflict(MESSAGE_ID_REUSED(id=message.id or ""))
    return answer
