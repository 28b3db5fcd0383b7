"""Apply changes: record, event, fan-out and answer commit together or not at all."""

from collections import ChainMap
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass

import orjson

from reseller_webhooks import crypto
from reseller_webhooks.core.deliveries import fan_out_rules
from reseller_webhooks.core.errors import (
    FanOutFull,
    Invalid,
    KeyReused,
    ResellerWebhooksError,
    Unavailable,
)
from reseller_webhooks.core.messages.changes import RESELLER_UNKNOWN
from reseller_webhooks.core.messages.requests import STORE_WENT_BACK, TOMBSTONES_GOING
from reseller_webhooks.core.records.changes import Change, EventContext, decide
from reseller_webhooks.core.records.events import CHANCE_BYTES, Event, event_uuid
from reseller_webhooks.core.records.record import Record, RecordKey
from reseller_webhooks.core.text import truncate
from reseller_webhooks.operations import fan_out_admission, generations
from reseller_webhooks.operations.change_writing import Draft, TombstoneGone, write
from reseller_webhooks.operations.generations import StoreMoved
from reseller_webhooks.store.db.database import Database, Tx
from reseller_webhooks.store.deliveries import fan_out
from reseller_webhooks.store.deliveries.fan_out import FanOutObstacles
from reseller_webhooks.store.records import digests, idempotency, records
from reseller_webhooks.store.records.digests import DigestBuckets
from reseller_webhooks.store.records.generations import GenerationView, ask_with_resellers
from reseller_webhooks.store.records.idempotency import StoredAnswer
from reseller_webhooks.store.records.records import LockedRecords

MAX_CHANGES = 1000
"""In one request; more would hold up everybody else's transaction."""
COLLISIONS_MAX = 5


@dataclass(frozen=True, slots=True)
class ChangeRequest:
    """Changes that apply all or none.

    key: what makes a repeat recognisable, or None. fingerprint: of the whole body.
    caller: the id of the API key that the key belongs to; empty for keys of our own.
    size: bytes of the body, as far as it is known.
    """

    changes: tuple[Change, ...]
    key: str | None = None
    fingerprint: str = ""
    caller: str = ""
    size: int = 0

    @property
    def stored_key(self) -> str | None:
        """The key under which the response is stored; no key that a caller can send has a blank."""
        if self.key is None or not self.caller:
            return self.key
        return f"{self.caller} {crypto.digest(self.key.encode())}"


@dataclass(frozen=True, slots=True)
class ChangeResult:
    """The result of a change. event is None and action UNCHANGED when nothing was to be done."""

    uuid: str
    version: int
    action: str
    event: str | None


@dataclass(frozen=True, slots=True)
class ChangesAnswer:
    """The results of a request, in its sequence; replayed when it had been answered before."""

    results: tuple[ChangeResult, ...]
    replayed: bool = False


def apply(
    database: Database, requests: Sequence[ChangeRequest], *, public_url: str
) -> list[ChangesAnswer | ResellerWebhooksError]:
    """Apply the first requests, as many as fit in one transaction; an answer or error for each.

    Each of them is applied all or nothing. Many requests that come at once share the transaction,
    so that they share its commit, up to a number of deliveries
    (core/deliveries/fan_out_rules.py). When another process is quicker with the same record or
    key, all are read and applied again.

    No request after one that has to come again later is applied, so that none overtakes it.
    """
    for _ in range(COLLISIONS_MAX):
        try:
            return _apply(database, requests, public_url)
        except StoreMoved:
            generations.notice(database)
        except TombstoneGone:
            continue
        except Unavailable as error:
            if not error.collided:
                raise
    try:
        return _apply(database, requests, public_url)
    except StoreMoved:
        raise Unavailable(STORE_WENT_BACK()) from None
    except TombstoneGone:
        raise Unavailable(TOMBSTONES_GOING()) from None


def _apply(
    database: Database, requests: Sequence[ChangeRequest], public_url: str
) -> list[ChangesAnswer | ResellerWebhooksError]:
    with database.write() as tx:
        known = database.known_resellers
        reseller_ids, reading, asked = _read(tx, requests, known.of(_named(requests)))
        known.note(reseller_ids)
        fitting = requests[: _fitting(requests, reseller_ids, reading.webhooks)]
        draft = _draft(asked, public_url, reseller_ids, reading)
        before = dict(draft.records)
        answers = list(_answers(tx, draft, fitting))
        write(tx, draft, before)
    return answers


def _read(
    tx: Tx, requests: Sequence[ChangeRequest], guessed: dict[str, int]
) -> tuple[dict[str, int], GenerationView, "Asked"]:
    """Read what requests need: in one round trip if the resellers' numbers are as guessed."""
    resellers = ask_with_resellers(tx, _named(requests))
    asked = _ask(tx, requests, guessed)
    reseller_ids, reading = resellers()
    if reading.is_moved:
        raise StoreMoved
    if reseller_ids != guessed:
        asked = _ask(tx, requests, reseller_ids)
    return reseller_ids, reading, asked


def _named(requests: Sequence[ChangeRequest]) -> set[str]:
    return {change.reseller for request in requests for change in request.changes}


@dataclass(frozen=True, slots=True)
class Asked:
    """Reads of the store for some requests; each call waits for its answer."""

    given: Callable[[], dict[str, StoredAnswer]]
    records: Callable[[], LockedRecords]
    digests: Callable[[], DigestBuckets]
    obstacles: Callable[[], FanOutObstacles]


def _ask(tx: Tx, requests: Sequence[ChangeRequest], reseller_ids: Mapping[str, int]) -> Asked:
    """Ask for it, in the sequence in which rows are locked."""
    keys = {
        RecordKey(change.uuid, change.resource, reseller_ids[change.reseller])
        for request in requests
        for change in request.changes
        if change.reseller in reseller_ids
    }
    return Asked(
        idempotency.ask(tx, {key for one in requests for key in (one.stored_key, one.key) if key}),
        records.ask_many(tx, keys),
        digests.ask_non_empty(tx, {digests.key(one) for one in keys}),
        fan_out.ask_obstacles(tx, keys),
    )


def _fitting(
    requests: Sequence[ChangeRequest], reseller_ids: Mapping[str, int], webhooks: Mapping[int, int]
) -> int:
    """The number of first requests that fit in the transaction."""
    per_change = {uuid: webhooks[number] for uuid, number in reseller_ids.items()}
    return fan_out_rules.count_that_fits(
        [sum(per_change.get(one.reseller, 0) for one in request.changes) for request in requests]
    )


def _draft(
    asked: Asked, public_url: str, reseller_ids: dict[str, int], reading: GenerationView
) -> Draft:
    return Draft(
        public_url=public_url,
        floor=reading.floor,
        version_floors=reading.version_floors,
        webhooks=reading.webhooks,
        reseller_ids=reseller_ids,
        records=asked.records(),
        digests=asked.digests(),
        obstacles=asked.obstacles(),
        given=asked.given(),
    )


def _answers(
    tx: Tx, draft: Draft, requests: Sequence[ChangeRequest]
) -> Iterator[ChangesAnswer | ResellerWebhooksError]:
    for request in requests:
        answer = _answer(tx, draft, request)
        yield answer
        if isinstance(answer, FanOutFull):
            return


def _answer(tx: Tx, draft: Draft, request: ChangeRequest) -> ChangesAnswer | ResellerWebhooksError:
    try:
        return _repeated(draft, request) or _applied(tx, draft, request)
    except ResellerWebhooksError as error:
        return error


def _repeated(draft: Draft, request: ChangeRequest) -> ChangesAnswer | None:
    given = _stored_answer(draft, request)
    if given is None or request.key is None:
        return None
    if given.fingerprint != request.fingerprint:
        raise KeyReused(request.key)
    return ChangesAnswer(
        tuple(ChangeResult(*row) for row in orjson.loads(given.answer)), replayed=True
    )


def _stored_answer(draft: Draft, request: ChangeRequest) -> StoredAnswer | None:
    stored_key = request.stored_key
    if request.key is None or stored_key is None:
        return None
    own = draft.given.get(stored_key)
    if own is not None:
        return own
    # The version before remembers keys without their caller. The same body is the same caller's
    # repeat; another body may be anybody's, so it is no reason to refuse.
    unscoped = draft.given.get(request.key)
    return unscoped if unscoped and unscoped.fingerprint == request.fingerprint else None


def _applied(tx: Tx, draft: Draft, request: ChangeRequest) -> ChangesAnswer:
    # On top of the draft, so that a request that fails half way leaves nothing behind.
    top: dict[RecordKey, Record | None] = {}
    view = ChainMap(top, draft.records)
    events: dict[str, Event] = {}
    results = []
    for index, change in enumerate(request.changes):
        try:
            result, event = _one(tx, draft, view, change)
        except Invalid as error:
            raise error.under(f"/changes/{index}") from None
        results.append(result)
        if event:
            events[f"/changes/{index}"] = event
    in_steps = fan_out_admission.left_to_steps(tx, draft, events)
    draft.records.update(top)
    draft.events += [(event, event.reseller_id in in_steps) for event in events.values()]
    answer = ChangesAnswer(tuple(results))
    _remember(draft, request, answer)
    return answer


def _one(
    tx: Tx, draft: Draft, view: MutableMapping[RecordKey, Record | None], change: Change
) -> tuple[ChangeResult, Event | None]:
    reseller_id = draft.reseller_ids.get(change.reseller)
    if reseller_id is None:
        raise Invalid.at("/reseller", RESELLER_UNKNOWN(id=truncate(change.reseller)))
    key = RecordKey(change.uuid, change.resource, reseller_id)
    event_id = event_uuid(tx.now, crypto.random_bytes(CHANCE_BYTES))
    version_floor = draft.version_floors.get(reseller_id, 0)
    stamp = EventContext(tx.now, event_id, draft.public_url, draft.floor, version_floor)
    try:
        record, event = decide(change, reseller_id, view.get(key), stamp)
    except Invalid as error:
        raise error.under("/content") from None
    if event is None:
        return ChangeResult(change.uuid, record.version if record else 0, "UNCHANGED", None), None
    view[key] = record
    return ChangeResult(change.uuid, event.version, event.action.value, event.uuid), event


def _remember(draft: Draft, request: ChangeRequest, answer: ChangesAnswer) -> None:
    stored_key = request.stored_key
    if stored_key is None:
        return
    rows = [(r.uuid, r.version, r.action, r.event) for r in answer.results]
    given = StoredAnswer(request.fingerprint, orjson.dumps(rows).decode())
    draft.given[stored_key] = given
    draft.answers.append((stored_key, given))
