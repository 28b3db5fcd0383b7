"""Changes: record, event, deliveries and answer together or not at all."""

import json
from typing import Any

import pytest

from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.core.deliveries.log import LogQuery
from reseller_webhooks.core.enums import Action, Resource
from reseller_webhooks.core.errors import (
    Invalid,
    KeyReused,
    NotFound,
    ResellerWebhooksError,
)
from reseller_webhooks.core.records import read_content
from reseller_webhooks.core.records.changes import Change, Patch, Put, Remove
from reseller_webhooks.core.webhooks.webhook import Spec
from reseller_webhooks.crypto import Box
from reseller_webhooks.operations import changes, records, webhooks
from reseller_webhooks.operations.changes import ChangeRequest, ChangesAnswer
from reseller_webhooks.store.db.database import Database
from reseller_webhooks.store.deliveries import log
from reseller_webhooks.store.records import events

URL = "https://platform.example"
KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="


def put(reseller: Reseller, name: str, uuid: str = "c1") -> Change:
    content = read_content(Resource.COMPANY, uuid, {"name": name})
    return Change(reseller.uuid, Resource.COMPANY, uuid, Put(content))


def assign(reseller: Reseller, status: str) -> Change:
    content = read_content(
        Resource.APP_ASSIGNMENT,
        "a1",
        {"subscriptionId": "s1", "user": {"uuid": "u1"}, "status": status},
    )
    return Change(reseller.uuid, Resource.APP_ASSIGNMENT, "a1", Put(content))


def remove(reseller: Reseller, uuid: str = "c1") -> Change:
    return Change(reseller.uuid, Resource.COMPANY, uuid, Remove())


def apply(
    database: Database, *requests: ChangeRequest
) -> list[ChangesAnswer | ResellerWebhooksError]:
    return changes.apply(database, requests, public_url=URL)


def apply_one(database: Database, *some: Change, **given: Any) -> ChangesAnswer:
    answer = apply(database, ChangeRequest(some, **given))[0]
    assert isinstance(answer, ChangesAnswer), answer
    return answer


def bodies(database: Database, answer: ChangesAnswer) -> list[dict[str, Any]]:
    with database.read() as tx:
        found = [events.by_uuid(tx, r.event, reseller_id=None) for r in answer.results if r.event]
    return [json.loads(event.body) for event in found if event]


def steps(database: Database, *some: Change) -> list[tuple[str, int]]:
    return [
        (result.action, result.version)
        for change in some
        for result in apply_one(database, change).results
    ]


def test_the_service_derives_the_action_from_the_state_it_holds(
    database: Database, reseller: Reseller
) -> None:
    one = [put(reseller, "Acme"), put(reseller, "Acme"), put(reseller, "Acme Ltd")]

    assert steps(database, *one, remove(reseller), remove(reseller), put(reseller, "Back")) == [
        ("ADDED", 1),
        ("UNCHANGED", 1),
        ("CHANGED", 2),
        ("REMOVED", 3),
        ("UNCHANGED", 3),
        ("ADDED", 4),
    ]


def test_a_change_names_the_fields_that_differ(database: Database, reseller: Reseller) -> None:
    apply_one(database, put(reseller, "Acme"))
    change = Change(
        reseller.uuid, Resource.COMPANY, "c1", Patch({"name": "Acme Ltd", "size": "SMALL"})
    )

    assert bodies(database, apply_one(database, change))[0]["changedFields"] == ["name", "size"]


def test_the_notification_carries_what_the_record_holds(
    database: Database, reseller: Reseller
) -> None:
    body = bodies(database, apply_one(database, put(reseller, "Acme")))[0]
    record = records.get(database, Resource.COMPANY, "c1", reseller_id=reseller.id)

    assert record.content is not None
    assert body["resource"]["content"] == json.loads(record.content)
    assert body["resource"]["url"] == f"{URL}/api/account/v1/companies/c1?isExternalId=false"


def test_the_life_of_an_app_assignment_is_told_as_the_page_says(
    database: Database, reseller: Reseller
) -> None:
    walked = steps(
        database,
        *(
            assign(reseller, status)
            for status in (
                "PENDING_USER_ACTIVATION",
                "PENDING_REMOTE_CREATION",
                "ACTIVE",
                "PENDING_REMOTE_CANCELLATION",
                "CANCELLED",
            )
        ),
    )

    assert walked == [
        ("ADDED", 1),
        ("CHANGED", 2),
        ("CHANGED", 3),
        ("REMOVED", 4),
        ("REMOVED", 5),
    ]


@pytest.mark.parametrize(
    ("ticked", "told"),
    [
        ({Action.ADDED}, [1, 3]),
        ({Action.CHANGED}, [2, 3]),
        ({Action.REMOVED}, [4, 5]),
        ({Action.ADDED, Action.CHANGED}, [1, 2, 3]),
        (set(Action), [1, 2, 3, 4, 5]),
    ],
)
def test_each_box_brings_its_notifications_and_none_twice(
    database: Database, reseller: Reseller, ticked: set[Action], told: list[int]
) -> None:
    spec = Spec(
        url="https://r.example/", resource=Resource.APP_ASSIGNMENT, actions=frozenset(ticked)
    )
    webhooks.add(database, Box([KEY]), reseller.id, spec)
    for status in (
        "PENDING_USER_ACTIVATION",
        "PENDING_REMOTE_CREATION",
        "ACTIVE",
        "PENDING_REMOTE_CANCELLATION",
        "CANCELLED",
    ):
        apply_one(database, assign(reseller, status))

    with database.read() as tx:
        lines = log.page(tx, LogQuery(reseller.id))
    assert [line.version for line in reversed(lines)] == told


def test_a_request_with_one_bad_change_leaves_nothing_behind(
    database: Database, reseller: Reseller
) -> None:
    stranger = Reseller(0, "nobody", "Nobody", 0)
    bad = ChangeRequest((put(reseller, "Acme"), put(stranger, "Other", "c2")))
    good = ChangeRequest((put(reseller, "Third", "c3"),))
    refused, answered = apply(database, bad, good)

    assert isinstance(refused, Invalid)
    assert refused.problems[0].pointer == "/changes/1/reseller"
    assert isinstance(answered, ChangesAnswer)
    with pytest.raises(NotFound):
        records.get(database, Resource.COMPANY, "c1", reseller_id=reseller.id)


def test_an_illegal_move_is_refused_where_it_stands(database: Database, reseller: Reseller) -> None:
    def invoice(status: str) -> Change:
        content = read_content(Resource.INVOICE, "20", {"status": status})
        return Change(reseller.uuid, Resource.INVOICE, "20", Put(content))

    apply_one(database, invoice("VOIDED"))
    (refused,) = apply(database, ChangeRequest((invoice("PAID"),)))

    assert isinstance(refused, Invalid)
    assert refused.problems[0].pointer == "/changes/0/content/status"


def test_changes_to_one_record_in_one_request_follow_each_other(
    database: Database, reseller: Reseller
) -> None:
    answer = apply_one(
        database, put(reseller, "A"), put(reseller, "B"), remove(reseller), put(reseller, "C")
    )

    assert [(r.action, r.version) for r in answer.results] == [
        ("ADDED", 1),
        ("CHANGED", 2),
        ("REMOVED", 3),
        ("ADDED", 4),
    ]


def test_requests_that_share_a_transaction_see_each_other(
    database: Database, reseller: Reseller
) -> None:
    answers = apply(
        database,
        ChangeRequest((put(reseller, "A"),)),
        ChangeRequest((put(reseller, "B"),), key="k"),
    )

    assert [a.results[0].version for a in answers if isinstance(a, ChangesAnswer)] == [1, 2]


def test_a_repeat_with_the_same_key_gets_the_first_answer(
    database: Database, reseller: Reseller
) -> None:
    given = {"key": "k1", "fingerprint": "f1"}
    first = apply_one(database, put(reseller, "A"), **given)
    apply_one(database, put(reseller, "B"))
    again = apply_one(database, put(reseller, "A"), **given)

    assert again.results == first.results
    assert again.replayed
    assert records.get(database, Resource.COMPANY, "c1", reseller_id=None).version == 2


def test_a_repeat_in_the_same_transaction_gets_the_first_answer(
    database: Database, reseller: Reseller
) -> None:
    request = ChangeRequest((put(reseller, "A"),), key="k1", fingerprint="f1")
    first, again = apply(database, request, request)

    assert isinstance(first, ChangesAnswer)
    assert isinstance(again, ChangesAnswer)
    assert (again.results, again.replayed) == (first.results, True)


def test_a_key_with_another_body_is_refused(database: Database, reseller: Reseller) -> None:
    apply_one(database, put(reseller, "A"), key="k1", fingerprint="f1")
    (refused,) = apply(database, ChangeRequest((put(reseller, "B"),), key="k1", fingerprint="f2"))

    assert isinstance(refused, KeyReused)


def test_a_refused_request_may_come_again_mended_under_its_key(
    database: Database, reseller: Reseller
) -> None:
    stranger = Reseller(0, "nobody", "Nobody", 0)
    apply(database, ChangeRequest((put(stranger, "A"),), key="k1", fingerprint="f1"))
    answer = apply_one(database, put(reseller, "A"), key="k1", fingerprint="f2")

    assert answer.results[0].action == "ADDED"


def test_a_deletion_that_is_asked_for_initiates_an_unassignment_first(
    database: Database, reseller: Reseller
) -> None:
    for status in ("PENDING_REMOTE_CREATION", "ACTIVE"):
        apply_one(database, assign(reseller, status))
    asked = Change(reseller.uuid, Resource.APP_ASSIGNMENT, "a1", Remove(on_request=True))
    first = apply_one(database, asked)
    between = records.get(database, Resource.APP_ASSIGNMENT, "a1", reseller_id=reseller.id)
    second = apply_one(database, asked)

    assert between.status == "PENDING_REMOTE_CANCELLATION"
    assert [r.action for r in first.results + second.results] == ["REMOVED", "REMOVED"]
    assert [body["resource"] for body in bodies(database, second)] == [
        {"type": "APP_ASSIGNMENT", "uuid": "a1"}
    ]
