"""The sample reseller's records, and the changes of the demo's button."""

from typing import Any

import orjson
import pytest

from reseller_webhooks.core.enums import Action, Resource
from reseller_webhooks.core.records import changed_fields, read_content
from reseller_webhooks.core.records.action_rules import decide
from reseller_webhooks.core.records.statuses import check_move
from reseller_webhooks.demo.sample import next_change, sample_changes

URL = "https://platform.example"
TODAY_MS = 1_767_225_600_000
Fields = dict[str, Any]


class Platform:
    """Holds records as the program does: what is removed is gone."""

    def __init__(self) -> None:
        self.records: dict[tuple[str, str], Fields] = {}
        for entry in sample_changes("r-1", URL, TODAY_MS):
            self.apply(entry)

    def held(self, kind: str, uuid: str) -> Fields | None:
        return self.records.get((kind, uuid))

    def apply(self, entry: Fields) -> Action:
        resource, key = Resource(entry["type"]), (entry["type"], entry["uuid"])
        before, after = self.records.get(key), None
        if not entry.get("removed"):
            after = read_content(resource, entry["uuid"], entry["content"])
        if before and after:
            check_move(resource, before["status"], after.status)
            assert changed_fields(before, after.fields)
        decision = decide(resource, before and before["status"], after and after.status)
        assert decision
        if decision.tombstone:
            del self.records[key]
        elif after:
            self.records[key] = after.fields
        return decision.action


@pytest.fixture
def platform() -> Platform:
    return Platform()


def of(kind: str) -> list[Fields]:
    return [one["content"] for one in sample_changes("r-1", URL, TODAY_MS) if one["type"] == kind]


def test_every_record_of_the_sample_is_whole() -> None:
    for entry in sample_changes("r-1", URL, TODAY_MS):
        got = read_content(Resource(entry["type"]), entry["uuid"], entry["content"])

        assert got.json.encode() == orjson.dumps(entry["content"])


def test_the_sample_has_records_of_every_resource() -> None:
    assert {kind: len(of(kind)) >= 8 for kind in Resource} == dict.fromkeys(Resource, True)


def test_the_sample_is_the_same_every_time() -> None:
    assert sample_changes("r-1", URL, TODAY_MS) == sample_changes("r-1", URL, TODAY_MS)


def test_no_two_records_of_the_sample_have_the_same_id() -> None:
    keys = [(one["type"], one["uuid"]) for one in sample_changes("r-1", URL, TODAY_MS)]

    assert len(set(keys)) == len(keys)


def test_records_of_the_sample_point_to_companies_that_exist() -> None:
    companies = {one["id"] for one in of("COMPANY")}
    billed = [*of("ORDER"), *of("SUBSCRIPTION"), *of("INVOICE")]

    assert {one["company"]["id"] for one in billed} <= companies
    assert {one["membership"]["company"]["uuid"] for one in of("APP_ASSIGNMENT")} <= companies


def test_orders_subscriptions_and_invoices_of_the_sample_belong_together() -> None:
    orders = {one["id"]: one for one in of("ORDER")}

    assert all(one["order"] == orders[one["order"]["id"]] for one in of("SUBSCRIPTION"))
    assert all(int(number) in orders for one in of("INVOICE") for number in one["orderIds"])


def test_mail_to_the_sample_goes_nowhere() -> None:
    text = orjson.dumps(sample_changes("r-1", URL, TODAY_MS)).decode()
    mails = [word for word in text.split('"') if "@" in word]

    assert mails
    assert all(word.endswith(".example") and word.isascii() for word in mails)


def test_six_steps_go_round_all_resources(platform: Platform) -> None:
    entries = [next_change("r-1", URL, step, platform.held)[0] for step in range(6)]

    assert {one["type"] for one in entries} == set(Resource)


def test_three_hundred_steps_are_all_legal_and_show_every_action_of_every_resource(
    platform: Platform,
) -> None:
    seen = set()
    for step in range(300):
        entry, _ = next_change("r-1", URL, step, platform.held)
        seen.add((entry["type"], platform.apply(entry)))

    assert seen == {(resource.value, action) for resource in Resource for action in Action}


def test_a_step_taken_again_after_a_restart_is_legal_too(platform: Platform) -> None:
    for _ in range(12):
        for step in range(12):
            platform.apply(next_change("r-1", URL, step, platform.held)[0])


def test_steps_go_on_when_everything_has_been_removed() -> None:
    entry, sentence = next_change("r-1", URL, 0, lambda _kind, _uuid: None)

    assert entry["content"]["status"] == "UNPAID"
    assert sentence == "Invoice 7310 is issued."


def test_a_step_keeps_what_others_have_changed(platform: Platform) -> None:
    entry, _ = next_change("r-1", URL, 0, platform.held)
    platform.apply(entry | {"content": platform.held("INVOICE", "7310") | {"total": 1}})

    entry, sentence = next_change("r-1", URL, 0, platform.held)

    assert (entry["content"]["total"], entry["content"]["status"]) == (1, "PAID")
    assert sentence == "Invoice 7310 is paid."
