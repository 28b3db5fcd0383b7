"""Apply changes: record, event, fan-out and answer commit together or not at all."""

from collections import ChainMap
from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field

import orjson

from reseller_webhooks import secrets
from reseller_webhooks.core import changes as core
from reseller_webhooks.core.changes import Change
from reseller_webhooks.core.digests import Bucket
from reseller_webhooks.core.errors import Invalid, KeyReused, ResellerWebhooksError, Unavailable
from reseller_webhooks.core.events import CHANCE_BYTES, Event, event_uuid
from reseller_webhooks.core.names import Resource
from reseller_webhooks.core.records import Record
from reseller_webhooks.core.shortening import shortened
from reseller_webhooks.operations import generations
from reseller_webhooks.store import deliveries, digests, events, idempotency, records
from reseller_webhooks.store import generations as generation_store
from reseller_webhooks.store.database import Database, Tx
from reseller_webhooks.store.idempotency import Given
from reseller_webhooks.store.records import Key

MAX_CHANGES = 1000
"""In one request; more would hold up everybody else's transaction."""
COLLISIONS_MAX = 5


@dataclass(frozen=True, slots=True)
class Request:
    """Changes that apply all or none.

    key: what makes a repeat recognisable, or None. fingerprint: of the whole body.
    caller: the id of the API key that the key belongs to; empty for keys of our own.
    """

    changes: tuple[Change, ...]
    key: str | None = None
    fingerprint: str = ""
    caller: str = ""

    @property
    def stored_key(self) -> str | None:
        """What the answer is remembered under: the blank is in no key that a caller can send."""
        if self.key is None or not self.caller:
            return self.key
        return f"{self.caller} {secrets.digest(self.key.encode())}"


@dataclass(frozen=True, slots=True)
class Result:
    """What a change did. event is None and action UNCHANGED when there was nothing to do."""

    uuid: str
    version: int
    action: str
    event: str | None


@dataclass(frozen=True, slots=True)
class Answer:
    """The results of a request, in its sequence; replayed when it had been answered before."""

    results: tuple[Result, ...]
    replayed: bool = False


@dataclass(slots=True)
class _Draft:
    """What the transaction is going to write, as the requests before have left it."""

    public_url: str
    floor: int
    version_floors: Mapping[int, int]
    reseller_ids: dict[str, int]
    records: MutableMapping[Key, Record | None]
    given: MutableMapping[str, Given]
    events: list[Event] = field(default_factory=list)
    answers: list[tuple[str, Given]] = field(default_factory=list)


NOT_NOTED = "the store went back in time, which is not noted yet"


class _StoreMoved(Exception):
    """The store went back in time while we were at work; versions must not be given as before."""


class _TombstoneGone(Exception):
    """A tombstone was deleted between the read of its floor and the read of the records."""


def apply(
    database: Database, requests: Sequence[Request], *, public_url: str
) -> list[Answer | ResellerWebhooksError]:
    """Apply requests in one transaction, each of them all or nothing; an answer or error for each.

    Many requests that come at once share the transaction, so that they share its commit. When
    another process is quicker with the same record or key, all are read and applied again.
    """
    for _ in range(COLLISIONS_MAX):
        try:
            return _apply(database, requests, public_url)
        except _StoreMoved:
            generations.notice(database)
        except _TombstoneGone:
            continue
        except Unavailable as error:
            if not error.collided:
                raise
    try:
        return _apply(database, requests, public_url)
    except _StoreMoved:
        raise Unavailable(NOT_NOTED) from None
    except _TombstoneGone:
        raise Unavailable("records are being made anew while their tombstones go") from None


def _apply(
    database: Database, requests: Sequence[Request], public_url: str
) -> list[Answer | ResellerWebhooksError]:
    with database.write() as tx:
        draft = _draft(tx, requests, public_url)
        before = dict(draft.records)
        answers = [_answer(tx, draft, request) for request in requests]
        _write(tx, draft, before)
    return answers


def touched(answers: Iterable[Answer | ResellerWebhooksError]) -> bool:
    """Whether any of the answers came with a new event."""
    return any(
        isinstance(answer, Answer) and not answer.replayed and any(r.event for r in answer.results)
        for answer in answers
    )


def next_uuid(database: Database, resource: Resource) -> str:
    """A fresh id for a record that comes without one: orders and invoices are numbered."""
    if resource not in (Resource.ORDER, Resource.INVOICE):
        return secrets.new_id()
    try:
        return _next_number(database, resource)
    except _StoreMoved:
        generations.notice(database)
    try:
        return _next_number(database, resource)
    except _StoreMoved:
        raise Unavailable(NOT_NOTED) from None


def _next_number(database: Database, resource: Resource) -> str:
    step = 1
    with database.write() as tx:
        if generation_store.is_moved(tx):  # numbers that were lost would be given again
            raise _StoreMoved
        while True:
            uuid = str(records.next_number(tx, resource.value, step))
            if not records.find(tx, resource, uuid, reseller_id=None):
                return uuid
            step *= 2  # the platform numbers its own, perhaps a million of them


def _draft(tx: Tx, requests: Sequence[Request], public_url: str) -> _Draft:
    every = [change for request in requests for change in request.changes]
    named = {change.reseller for change in every}
    reseller_ids, generation = generation_store.with_resellers(tx, named)
    if generation.is_moved:
        raise _StoreMoved
    keys = {
        (change.uuid, change.resource, reseller_ids[change.reseller])
        for change in every
        if change.reseller in reseller_ids
    }
    return _Draft(
        public_url=public_url,
        floor=generation.floor,
        version_floors=generation.version_floors,
        reseller_ids=reseller_ids,
        records=dict(records.held(tx, keys)),
        given=idempotency.given(
            tx, {key for one in requests for key in (one.stored_key, one.key) if key}
        ),
    )


def _answer(tx: Tx, draft: _Draft, request: Request) -> Answer | ResellerWebhooksError:
    try:
        return _repeated(draft, request) or _applied(tx, draft, request)
    except ResellerWebhooksError as error:
        return error


def _repeated(draft: _Draft, request: Request) -> Answer | None:
    given = _given(draft, request)
    if given is None or request.key is None:
        return None
    if given.fingerprint != request.fingerprint:
        raise KeyReused(request.key)
    return Answer(tuple(Result(*row) for row in orjson.loads(given.answer)), replayed=True)


def _given(draft: _Draft, request: Request) -> Given | None:
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


def _applied(tx: Tx, draft: _Draft, request: Request) -> Answer:
    # On top of the draft, so that a request that fails half way leaves nothing behind.
    top: dict[Key, Record | None] = {}
    view = ChainMap(top, draft.records)
    events_made: list[Event] = []
    results = []
    for index, change in enumerate(request.changes):
        try:
            result, event = _one(tx, draft, view, change)
        except Invalid as error:
            raise error.under(f"/changes/{index}") from None
        results.append(result)
        events_made += [event] if event else []
    draft.records.update(top)
    draft.events += events_made
    answer = Answer(tuple(results))
    _remember(draft, request, answer)
    return answer


def _one(
    tx: Tx, draft: _Draft, view: MutableMapping[Key, Record | None], change: Change
) -> tuple[Result, Event | None]:
    reseller_id = draft.reseller_ids.get(change.reseller)
    if reseller_id is None:
        raise Invalid.at(
            "/reseller", f"there is no reseller with id {shortened(change.reseller)!r}"
        )
    key = (change.uuid, change.resource, reseller_id)
    event_id = event_uuid(tx.now, secrets.random_bytes(CHANCE_BYTES))
    version_floor = draft.version_floors.get(reseller_id, 0)
    stamp = core.Stamp(tx.now, event_id, draft.public_url, draft.floor, version_floor)
    try:
        record, event = core.decide(change, reseller_id, view.get(key), stamp)
    except Invalid as error:
        raise error.under("/content") from None
    if event is None:
        return Result(change.uuid, record.version if record else 0, "UNCHANGED", None), None
    view[key] = record
    return Result(change.uuid, event.version, event.action.value, event.uuid), event


def _remember(draft: _Draft, request: Request, answer: Answer) -> None:
    stored_key = request.stored_key
    if stored_key is None:
        return
    rows = [(r.uuid, r.version, r.action, r.event) for r in answer.results]
    given = Given(request.fingerprint, orjson.dumps(rows).decode())
    draft.given[stored_key] = given
    draft.answers.append((stored_key, given))


def _write(tx: Tx, draft: _Draft, before: MutableMapping[Key, Record | None]) -> None:
    changed = [one for key, one in draft.records.items() if one and one is not before.get(key)]
    _count(tx, changed, before, draft.version_floors)
    records.add(tx, [one for one in changed if one.id is None])
    records.replace(tx, [one for one in changed if one.id is not None])
    numbers = events.add(tx, draft.events)
    events.fan_out(tx, numbers)
    deliveries.supersede(tx, numbers)
    idempotency.keep(tx, draft.answers)


def _count(
    tx: Tx,
    changed: list[Record],
    before: Mapping[Key, Record | None],
    version_floors: Mapping[int, int],
) -> None:
    """Keep the digests up: every changed record leaves its bucket and comes back newer."""
    keys = digests.keys(changed)
    held = digests.held(tx, set(keys.values()))
    for one, key in keys.items():
        if one.id is None and version_floors[one.reseller_id] < held.floors.get(key, 0):
            raise _TombstoneGone
    buckets = dict(held.buckets)
    for record, key in keys.items():
        bucket = buckets.get(key, Bucket())
        if old := before.get(records.key(record)):
            bucket = bucket.remove(old.uuid, old.version)
        buckets[key] = bucket.add(record.uuid, record.version)
    digests.write(tx, held.buckets, buckets)
