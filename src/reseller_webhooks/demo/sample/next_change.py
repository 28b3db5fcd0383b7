"""The next change of the demo: plausible and legal.

A story's chapters are what one record lives through, a chapter for each turn. One that cannot
happen, because the record has been changed meanwhile, is passed over; when none is left, the
story goes on with the next record.
"""

from collections.abc import Callable, Iterator
from itertools import count

from reseller_webhooks.core.enums import Resource
from reseller_webhooks.core.errors import Invalid
from reseller_webhooks.core.records import merge, read_content
from reseller_webhooks.core.records.statuses import check_move
from reseller_webhooks.demo.sample.context import DAY_MS, Fields, SampleContext
from reseller_webhooks.demo.sample.data import FIRMS
from reseller_webhooks.demo.sample.new_records import subject
from reseller_webhooks.demo.sample.scenarios import STORIES, Scenario, Story

Held = Callable[[str, str], Fields | None]
"""The current content of the record of this type and uuid; None if there is none."""

SOME_DAY_MS = 1_767_225_600_000
"""1 January 2026, when nothing is left of the sample to tell its day by."""


def next_change(reseller: str, public_url: str, step: int, held: Held) -> tuple[Fields, str]:
    """The step-th change (from 0), as an entry for POST /api/v1/changes, with a sentence about it.

    Steps go round all resources. Pure but for `held`, which is asked what is there now.
    """
    story, turn = STORIES[step % len(STORIES)], step // len(STORIES)
    uuid, what, sentence = next(
        _possible(story, SampleContext(public_url, _today_ms(held)), turn, held)
    )
    return {
        "reseller": reseller,
        "type": story.resource.value,
        "uuid": uuid,
        **what,
    }, sentence


def _possible(
    story: Story, scene: SampleContext, turn: int, held: Held
) -> Iterator[tuple[str, Fields, str]]:
    """Changes that are possible from this turn on; endless, since a new record is always
    possible."""
    begun, skipped = divmod(turn, len(story.chapters))
    for number in count(begun):
        uuid, fields = subject(story.resource, scene, number)
        first = read_content(story.resource, uuid, fields).fields
        now = held(story.resource.value, uuid)
        for chapter in story.chapters[skipped:]:
            what = _what(story.resource, chapter, now=now, first=first)
            if what:
                yield uuid, what, chapter.words.format(story.called(now or first))
        skipped = 0


def _what(
    resource: Resource, chapter: Scenario, *, now: Fields | None, first: Fields
) -> Fields | None:
    """The entry's content or removal; None if that cannot follow the current state."""
    if chapter.does == "add":
        return {"content": first} if now is None else None
    if now is None:
        return None
    if chapter.does == "remove":
        return {"removed": True}
    then = merge(now, chapter.does(now))
    return {"content": then} if then != now and _may_follow(resource, now, then) else None


def _may_follow(resource: Resource, now: Fields, then: Fields) -> bool:
    try:
        check_move(resource, now["status"], then["status"])
    except Invalid:
        return False
    return True


def _today_ms(held: Held) -> int:
    """The day on which the sample was set, from the age of its first company."""
    oldest = held(Resource.COMPANY.value, FIRMS[0].uuid) or {}
    created = oldest.get("creationDate")
    return created + FIRMS[0].age_days * DAY_MS if created else SOME_DAY_MS
