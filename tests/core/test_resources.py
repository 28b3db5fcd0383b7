"""Contents: what goes in whole comes out whole, what goes in small comes out in shape."""

from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from reseller_webhooks.core.enums import Resource
from reseller_webhooks.core.records import Content, model_of, path, read_content

CAPTURES = Path(__file__).parent / "captures"
WHOLE = {
    "app_assignment_documented": Resource.APP_ASSIGNMENT,
    "company_changed": Resource.COMPANY,
    "invoice_documented": Resource.INVOICE,
    "lead_documented": Resource.LEAD,
    "order_documented": Resource.ORDER,
    "subscription_added": Resource.SUBSCRIPTION,
}
MINIMAL: dict[Resource, tuple[str, dict[str, Any]]] = {
    Resource.COMPANY: ("c-1", {"name": "Acme"}),
    Resource.INVOICE: ("20", {"status": "UNPAID"}),
    Resource.LEAD: ("l-1", {"status": "SUBMITTED"}),
    Resource.ORDER: ("4395", {"status": "ACTIVE"}),
    Resource.SUBSCRIPTION: ("s-1", {"status": "ACTIVE"}),
    Resource.APP_ASSIGNMENT: (
        "a-1",
        {"status": "ACTIVE", "user": {"uuid": "u-1"}, "subscriptionId": "s-1"},
    ),
}
IDENTITY = {
    Resource.COMPANY: ("id", "uuid"),
    Resource.INVOICE: ("invoiceId",),
    Resource.LEAD: ("id",),
    Resource.ORDER: ("id",),
    Resource.SUBSCRIPTION: ("id", "internalId"),
    Resource.APP_ASSIGNMENT: ("uuid",),
}

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=4)
    ),
    max_leaves=12,
)


def capture(name: str) -> dict[str, Any]:
    loaded = orjson.loads((CAPTURES / f"{name}.json").read_bytes())
    content: dict[str, Any] = loaded["resource"]["content"] if "resource" in loaded else loaded
    return content


def uuid_in(resource: Resource, content: dict[str, Any]) -> str:
    return str(content[IDENTITY[resource][0]])


def minimal(resource: Resource, **fields: object) -> Content:
    uuid, content = MINIMAL[resource]
    return read_content(resource, uuid, {**content, **fields})


@pytest.mark.parametrize("name", WHOLE)
def test_whole_content_comes_back_byte_for_byte(name: str) -> None:
    content = capture(name)

    got = read_content(WHOLE[name], uuid_in(WHOLE[name], content), content)

    assert got.json.encode() == orjson.dumps(content)
    assert got.status == content["status"]


@pytest.mark.parametrize("name", WHOLE)
def test_whole_content_given_in_another_order_comes_back_in_that_of_the_wire(name: str) -> None:
    content = capture(name)
    backwards = reversed_keys(content)

    got = read_content(WHOLE[name], uuid_in(WHOLE[name], content), backwards)

    assert got.json.encode() == orjson.dumps(content)


@pytest.mark.parametrize("resource", Resource)
def test_reading_what_was_read_changes_nothing(resource: Resource) -> None:
    once = minimal(resource)

    assert read_content(resource, MINIMAL[resource][0], once.fields) == once


@pytest.mark.parametrize("resource", Resource)
def test_the_fields_are_what_the_json_says(resource: Resource) -> None:
    got = minimal(resource, extra={"name": "Zoë"})

    assert orjson.loads(got.json) == got.fields
    assert "Zoë" in got.json


@pytest.mark.parametrize("resource", Resource)
def test_an_id_that_is_not_given_is_filled_in(resource: Resource) -> None:
    uuid, _ = MINIMAL[resource]
    numbered = resource in {Resource.ORDER, Resource.INVOICE}

    got = minimal(resource).fields

    assert {got[name] for name in IDENTITY[resource]} == {int(uuid) if numbered else uuid}


@pytest.mark.parametrize(
    "resource", [Resource.COMPANY, Resource.SUBSCRIPTION, Resource.ORDER, Resource.INVOICE]
)
def test_fields_that_are_always_there_are_there_when_nothing_is_given(resource: Resource) -> None:
    name = next(name for name, one in WHOLE.items() if one is resource)

    assert list(minimal(resource).fields) == list(capture(name))


def test_a_company_is_enabled_and_active_when_nothing_else_is_said() -> None:
    got = minimal(Resource.COMPANY).fields

    assert (got["enabled"], got["status"], got["permissions"]) == (True, "ACTIVE", [])
    assert got["contact"] is None


def test_a_lead_leaves_out_what_does_not_apply() -> None:
    assert minimal(Resource.LEAD).json == '{"id":"l-1","status":"SUBMITTED"}'


def test_fields_that_are_rarely_there_are_left_out_when_not_given() -> None:
    assert not {"externalId", "label"} & minimal(Resource.SUBSCRIPTION).fields.keys()
    assert "parentSubscriptionId" not in minimal(Resource.ORDER).fields


def test_objects_within_keep_exactly_the_fields_that_were_given() -> None:
    order = {"status": "ACTIVE", "orderLines": [{"type": "TAX", "totalPrice": 1.9}], "id": 7}

    assert minimal(Resource.SUBSCRIPTION, order=order).fields["order"] == order


def test_unknown_fields_are_kept_behind_the_known_ones_in_the_order_given() -> None:
    order = {"zeta": 1, "id": 7, "alpha": None, "status": "ACTIVE"}

    got = minimal(Resource.SUBSCRIPTION, zeta=1, alpha=None, order=order)

    assert list(got.fields)[-2:] == ["zeta", "alpha"]
    assert list(got.fields["order"]) == ["status", "id", "zeta", "alpha"]


@pytest.mark.parametrize("name", ["external_id", "__class__", "model_fields", "", "a/b~c"])
def test_no_name_of_a_field_means_anything_to_the_program(name: str) -> None:
    assert minimal(Resource.COMPANY, **{name: "kept"}).fields[name] == "kept"


@pytest.mark.parametrize(
    ("number", "written"), [(10, "10"), (10.5, "10.5"), (10.0, "10.0"), (0, "0")]
)
def test_numbers_stay_what_they_are(number: float, written: str) -> None:
    assert f'"totalPrice":{written},' in minimal(Resource.ORDER, totalPrice=number).json


@pytest.mark.parametrize("date", ["2018-03-13", 1520913600000])
def test_a_service_date_may_be_a_day_or_an_instant(date: object) -> None:
    assert minimal(Resource.ORDER, serviceStartDate=date).fields["serviceStartDate"] == date


def test_a_company_may_have_a_status_that_nobody_has_told_us_of() -> None:
    assert minimal(Resource.COMPANY, status="ON_HOLD").status == "ON_HOLD"


def test_an_app_assignment_belongs_to_the_subscription_of_its_own_link() -> None:
    content = capture("app_assignment_documented")

    got = read_content(Resource.APP_ASSIGNMENT, content["uuid"], content)

    assert got.parent == "5548c36d-0000-4000-8000-0f3179691e15"
    assert got.alias == content["user"]["uuid"]
    assert "subscriptionId" not in got.fields


def test_an_app_assignment_belongs_to_the_subscription_it_names() -> None:
    got = minimal(Resource.APP_ASSIGNMENT)

    assert (got.parent, got.alias) == ("s-1", "u-1")


def test_only_app_assignments_belong_to_something() -> None:
    others = [minimal(one) for one in Resource if one is not Resource.APP_ASSIGNMENT]

    assert {(one.parent, one.alias) for one in others} == {(None, None)}


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        (Resource.COMPANY, "/api/account/v1/companies/x?isExternalId=false"),
        (Resource.INVOICE, "/api/billing/v1/invoices/x"),
        (Resource.LEAD, "/api/lead/v2/leads/x"),
        (Resource.ORDER, "/api/billing/v1/orders/x"),
        (Resource.SUBSCRIPTION, "/api/billing/v1/subscriptions/x"),
        (Resource.APP_ASSIGNMENT, "/api/account/v2/subscriptions/sub/assignments/user"),
    ],
)
def test_paths_are_those_of_appdirect(resource: Resource, expected: str) -> None:
    assert path(resource, "x", "sub", "user") == expected


@pytest.mark.parametrize("resource", Resource)
def test_the_model_has_a_json_schema_that_names_every_field(resource: Resource) -> None:
    schema = TypeAdapter(model_of(resource)).json_schema()

    assert minimal(resource).fields.keys() <= schema["properties"].keys()


@given(json_values)
def test_whatever_is_json_is_kept_as_it_is(value: object) -> None:
    assert minimal(Resource.LEAD, extra=value).fields["extra"] == value


def reversed_keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: reversed_keys(value[name]) for name in reversed(value)}
    if isinstance(value, list):
        return [reversed_keys(one) for one in value]
    return value
