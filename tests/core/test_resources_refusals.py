"""Contents that are refused: every problem at once, each with its place and what would be right."""

from typing import Any

import orjson
import pytest

from reseller_webhooks.core.enums import Resource
from reseller_webhooks.core.errors import Invalid
from reseller_webhooks.core.records import check_uuid, read_content

LEAD = {"status": "SUBMITTED"}
ASSIGNMENT = {"status": "ACTIVE", "user": {"uuid": "u"}, "subscriptionId": "s"}
STATUSES = "PAID, UNPAID, CARRIED or VOIDED"


def refused(resource: Resource, content: object, uuid: str = "7") -> dict[str, str]:
    with pytest.raises(Invalid) as caught:
        read_content(resource, uuid, content)
    return {problem.pointer: problem.detail for problem in caught.value.problems}


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = {"in": value}
    return value


@pytest.mark.parametrize(
    ("resource", "content", "pointer", "detail"),
    [
        (
            Resource.INVOICE,
            {"status": "PAYED"},
            "/status",
            f'"PAYED" is not allowed; it must be one of {STATUSES}',
        ),
        (Resource.INVOICE, {}, "/status", f"is missing; it must be one of {STATUSES}"),
        (
            Resource.INVOICE,
            {"status": None},
            "/status",
            f"null is not allowed; it must be one of {STATUSES}",
        ),
        (Resource.COMPANY, {}, "/name", "is missing; it must be text"),
        (
            Resource.COMPANY,
            {"name": ""},
            "/name",
            '"" is not allowed; it must be text of at least one character',
        ),
        (
            Resource.COMPANY,
            {"name": "A", "status": "active"},
            "/status",
            '"active" is not allowed; it must be text that matches ^[A-Z][A-Z0-9_]{0,63}$',
        ),
        (
            Resource.COMPANY,
            {"name": "A", "enabled": 1},
            "/enabled",
            "1 is not allowed; it must be true or false",
        ),
        (
            Resource.COMPANY,
            {"name": "A", "contact": {"address": ["1 Main St"]}},
            "/contact/address",
            "a list is not allowed; it must be an object",
        ),
        (
            Resource.ORDER,
            {"status": "ACTIVE", "totalPrice": "10"},
            "/totalPrice",
            '"10" is not allowed; it must be a number',
        ),
        (
            Resource.ORDER,
            {"status": "ACTIVE", "orderLines": [{}, {"price": True}]},
            "/orderLines/1/price",
            "true is not allowed; it must be a number",
        ),
        (
            Resource.ORDER,
            {"status": "ACTIVE", "startDate": 1.5},
            "/startDate",
            "1.5 is not allowed; it must be a whole number",
        ),
        (
            Resource.ORDER,
            {"status": "ACTIVE", "paymentPlan": {"costs": [{"amount": {"E/R~": None}}]}},
            "/paymentPlan/costs/0/amount/E~1R~0",
            "null is not allowed; it must be a number",
        ),
        (
            Resource.LEAD,
            {**LEAD, "customAttributes": {"tier": "gold"}},
            "/customAttributes/tier",
            '"gold" is not allowed; it must be a list',
        ),
        (Resource.APP_ASSIGNMENT, {**ASSIGNMENT, "user": {}}, "/user/uuid", "is missing"),
    ],
)
def test_a_problem_names_the_value_and_what_is_allowed(
    resource: Resource, content: object, pointer: str, detail: str
) -> None:
    assert refused(resource, content) == {pointer: detail}


def test_all_problems_are_told_at_once() -> None:
    got = refused(Resource.ORDER, {"id": 8, "type": "OLD", "currency": "euro", "totalPrice": []})

    assert got.keys() == {"/id", "/status", "/type", "/currency", "/totalPrice"}


@pytest.mark.parametrize("content", [None, [], "text", 5, True])
def test_content_must_be_an_object(content: object) -> None:
    assert "it must be an object" in refused(Resource.LEAD, content)[""]


@pytest.mark.parametrize(
    ("resource", "fields", "pointer", "right"),
    [
        (Resource.COMPANY, {"name": "A", "id": "8"}, "/id", '"7"'),
        (Resource.COMPANY, {"name": "A", "uuid": "8"}, "/uuid", '"7"'),
        (Resource.SUBSCRIPTION, {"status": "ACTIVE", "internalId": "8"}, "/internalId", '"7"'),
        (Resource.ORDER, {"status": "ACTIVE", "id": "7"}, "/id", "7"),
        (Resource.INVOICE, {"status": "PAID", "invoiceId": 7.0}, "/invoiceId", "7"),
        (Resource.LEAD, {**LEAD, "id": 7}, "/id", '"7"'),
        (Resource.APP_ASSIGNMENT, {**ASSIGNMENT, "uuid": "8"}, "/uuid", '"7"'),
    ],
)
def test_an_id_must_be_that_of_the_record(
    resource: Resource, fields: object, pointer: str, right: str
) -> None:
    got = refused(resource, fields)

    assert got.keys() == {pointer}
    assert got[pointer].endswith(f"names another record; leave it out or make it {right}")


@pytest.mark.parametrize("uuid", ["", ".", "..", "a/b", "a b", "é", "a\n", "x" * 65, "a?b", "%2e"])
def test_a_uuid_that_cannot_stand_in_a_path_is_refused(uuid: str) -> None:
    assert refused(Resource.COMPANY, {"name": "A"}, uuid).keys() == {"/uuid"}


@pytest.mark.parametrize("uuid", ["-1", "01", "1.0", "1_0", "9" * 16, "abc"])
def test_what_is_no_plain_number_stays_a_name(uuid: str) -> None:
    assert read_content(Resource.ORDER, uuid, {"status": "ACTIVE"}).fields["id"] == uuid


@pytest.mark.parametrize("uuid", ["dad75d7a-0000-4000-8000-fb349bcb6c0b", "a.b:c_d-E9", "x" * 64])
def test_uuids_need_not_be_uuids(uuid: str) -> None:
    check_uuid(uuid)


@pytest.mark.parametrize("uuid", ["0", "4395", "9" * 15])
def test_numbers_of_up_to_15_digits_are_numbers_in_the_content(uuid: str) -> None:
    fields = read_content(Resource.INVOICE, uuid, {"status": "PAID"}).fields

    assert fields["invoiceId"] == int(uuid)


def test_an_app_assignment_without_subscription_is_refused() -> None:
    links = [{"rel": "user", "href": "https://x/api/account/v2/subscriptions/s/assignments/u"}]

    got = refused(Resource.APP_ASSIGNMENT, {**ASSIGNMENT, "subscriptionId": None, "links": links})

    assert got["/subscriptionId"].startswith("is missing")


def test_an_app_assignment_of_two_subscriptions_is_refused() -> None:
    links = [{"rel": "self", "href": "https://x/api/account/v2/subscriptions/t/assignments/u"}]

    got = refused(Resource.APP_ASSIGNMENT, {**ASSIGNMENT, "links": links})

    assert got == {"/subscriptionId": "s and t are two subscriptions; name one"}


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [({"user": {"uuid": "a/b"}}, "/user/uuid"), ({"subscriptionId": ".."}, "/subscriptionId")],
)
def test_an_app_assignment_is_refused_when_its_address_cannot_be_built(
    fields: dict[str, Any], pointer: str
) -> None:
    assert refused(Resource.APP_ASSIGNMENT, {**ASSIGNMENT, **fields}).keys() == {pointer}


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        float("-inf"),
        2**64,
        -(2**63) - 1,
        10**5000,
        "half \ud83d",
        {1, 2},
        b"bytes",
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_json_cannot_carry_is_refused_at_its_place(value: object) -> None:
    assert refused(Resource.LEAD, {**LEAD, "deep": [{"in": value}]}).keys() == {"/deep/0/in"}


@pytest.mark.parametrize("name", ["half \ud83d", 5])
def test_a_name_that_json_cannot_carry_is_refused_where_it_stands(name: object) -> None:
    got = refused(Resource.LEAD, {**LEAD, "deep": {name: 1}})

    assert got.keys() == {"/deep"}
    assert got["/deep"].endswith("cannot be kept as a field's name")


def test_the_detail_about_half_a_surrogate_pair_can_itself_be_sent() -> None:
    for content in ({**LEAD, "notes": "\ud83d"}, {**LEAD, "\ud83d": 1}, {"status": "\ud83d"}):
        orjson.dumps(refused(Resource.LEAD, content))


def test_content_may_be_256_kib_long_and_no_longer() -> None:
    spare = 256 * 1024 - len(read_content(Resource.LEAD, "7", {**LEAD, "notes": ""}).json)

    longest = read_content(Resource.LEAD, "7", {**LEAD, "notes": "x" * spare})
    got = refused(Resource.LEAD, {**LEAD, "notes": "x" * (spare + 1)})

    assert len(longest.json) == 262144
    assert got == {"": "262145 bytes are too many; at most 262144 are kept"}


@pytest.mark.parametrize("levels", [260, 1000])
def test_content_that_is_nested_too_deep_is_refused(levels: int) -> None:
    (detail,) = refused(Resource.LEAD, {**LEAD, "deep": nested(levels)}).values()

    assert detail == "is too deep; at most 250 levels are kept"


def test_a_long_value_is_shortened_in_the_message() -> None:
    assert len(refused(Resource.INVOICE, {"status": "X" * 5000})["/status"]) < 200
