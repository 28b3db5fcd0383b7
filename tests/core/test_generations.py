"""A store that goes back in time gives no version twice, and what it lost is told again."""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reseller_webhooks.core.enums import Action, Resource
from reseller_webhooks.core.errors import Invalid
from reseller_webhooks.core.records import generations, read_content
from reseller_webhooks.core.records.changes import Change, EventContext, Patch, Put, Remove, decide
from reseller_webhooks.core.records.events import Event
from reseller_webhooks.core.records.generations import CHANGES_MAX, FIRST, VERSION_MAX, Generation
from reseller_webhooks.core.records.record import Record

NOW = 1_795_446_998_394_123
UUIDS = ["c1", "c2", "c3"]


def test_the_first_generation_counts_from_one() -> None:
    store = Store()

    assert store.put("c1", "One").version == 1
    assert store.put("c1", "Two").version == 2


def test_the_floor_is_the_time_and_versions_go_on_above_it() -> None:
    begun = generations.raised_floor(FIRST, NOW)

    assert begun == Generation(2, NOW, NOW)
    assert generations.next_version(0, begun.floor) == NOW + 1
    assert generations.next_version(7, begun.floor) == NOW + 1
    assert generations.next_version(NOW + 1, begun.floor) == NOW + 2
    assert generations.lift(7, begun.floor) == NOW


def test_with_a_clock_that_was_set_back_the_floor_still_rises() -> None:
    begun = generations.raised_floor(Generation(2, NOW, NOW), NOW - 10**12)

    assert begun.floor == NOW + CHANGES_MAX


def test_a_version_that_somebody_knows_of_is_below_the_floor() -> None:
    assert generations.raised_floor(FIRST, NOW, above=2 * NOW).floor == 2 * NOW


def test_a_floor_that_leaves_no_room_is_refused() -> None:
    with pytest.raises(Invalid, match="give less than"):
        generations.raised_floor(FIRST, NOW, above=VERSION_MAX)


def test_equal_content_is_told_once_in_a_new_generation() -> None:
    store = Store()
    store.put("c1", "One")
    store.restore_from(store.copy(), NOW)
    told = store.put("c1", "One")

    assert (told.action, told.version) == (Action.CHANGED, NOW + 1)
    assert store.change("c1", Put(content("c1", "One"))) is None


def test_a_patch_that_changes_nothing_is_told_once_too() -> None:
    store = Store()
    store.put("c1", "One")
    store.restore_from(store.copy(), NOW)
    told = store.change("c1", Patch({"name": "One"}))

    assert told
    assert told.version == NOW + 1


def test_a_removal_of_what_the_store_never_knew_is_told_once() -> None:
    store = Store()
    store.restore_from(store.copy(), NOW)
    told = store.change("c9", Remove())

    assert told
    assert (told.action, told.version) == (Action.REMOVED, NOW + 1)
    assert store.change("c9", Remove()) is None


def test_in_the_first_generation_neither_is_told() -> None:
    store = Store()
    store.put("c1", "One")

    assert store.change("c1", Put(content("c1", "One"))) is None
    assert store.change("c9", Remove()) is None


STEPS = st.lists(st.tuples(st.sampled_from(UUIDS), st.sampled_from(["A", "B", None])), max_size=8)


@given(
    before=STEPS,
    lives=st.lists(STEPS, min_size=1, max_size=3),
    truth=STEPS,
    data=st.data(),
)
def test_a_receiver_that_applies_what_is_newer_ends_equal(
    before: list[Any], lives: list[list[Any]], truth: list[Any], data: st.DataObject
) -> None:
    """The store is restored from the same copy several times, each time having lost a life. Then
    the platform feeds again. Notifications of all lives come late, in any sequence, and twice.
    """
    store, now = Store(), NOW
    sent = store.run(before)
    copy = store.copy()
    for lost in lives:
        sent += store.run(lost)
        now += 1_000_000
        store.restore_from(copy, now)
    fed = [(uuid, store.name(uuid)) for uuid in UUIDS]
    sent += store.run(data.draw(st.permutations(fed)))
    sent += store.run(truth)

    receiver: dict[str, Event] = {}
    for event in data.draw(st.permutations(sent + sent[::2])):
        held = receiver.get(event.resource_uuid)
        if held is None or event.version > held.version:
            receiver[event.resource_uuid] = event
    for uuid in UUIDS:
        told = receiver.get(uuid)
        assert told is not None
        assert told.version == store.records[uuid].version
        assert (told.action is Action.REMOVED) == (store.name(uuid) is None)
        assert store.name(uuid) is None or f'"{store.name(uuid)}"' in told.body


@dataclass
class Store:
    """What a store does with changes, with the pure functions alone."""

    records: dict[str, Record] = field(default_factory=dict)
    generation: Generation = FIRST
    number: int = 0

    def change(self, uuid: str, what: Put | Patch | Remove) -> Event | None:
        self.number += 1
        stamp = EventContext(
            NOW, f"e{self.number}", "https://platform.example", self.generation.floor
        )
        change = Change("r1", Resource.COMPANY, uuid, what)
        record, event = decide(change, 1, self.records.get(uuid), stamp)
        if record:
            self.records[uuid] = replace(record, id=1)
        return event

    def put(self, uuid: str, name: str) -> Event:
        told = self.change(uuid, Put(content(uuid, name)))
        assert told
        return told

    def run(self, steps: list[tuple[str, str | None]]) -> list[Event]:
        made = (
            self.change(uuid, Put(content(uuid, name)) if name else Remove())
            for uuid, name in steps
        )
        return [event for event in made if event]

    def name(self, uuid: str) -> str | None:
        held = self.records.get(uuid)
        if held is None or held.content is None:
            return None
        return "A" if '"A"' in held.content else "B"

    def copy(self) -> "Store":
        return Store(dict(self.records), self.generation, self.number)

    def restore_from(self, copy: "Store", now: int) -> None:
        """Put the copy in place, raise the generation and lift every record."""
        self.generation = generations.raised_floor(copy.generation, now)
        floor = self.generation.floor
        self.records = {
            uuid: replace(one, version=generations.lift(one.version, floor))
            for uuid, one in copy.records.items()
        }


def content(uuid: str, name: str) -> Any:
    return read_content(Resource.COMPANY, uuid, {"name": name})
