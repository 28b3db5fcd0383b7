"""Numbers of JSON texts: written again as they were, and compared by value."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reseller_webhooks.core.enums import Resource
from reseller_webhooks.core.json_input import dumps, exactly, parse
from reseller_webhooks.core.records import changed_fields, merge, read_content

WRITTEN = [
    "10", "10.0", "10.00", "-0", "-0.0", "0.00001", "1E5", "1e+5", "1.50e-7", "0.1",
    "12345678901234567890.123456789012345678", "99999999999999.99", "1.7976931348623157e308",
]  # fmt: skip

digits = st.text("0123456789", min_size=1, max_size=25)
wholes = st.integers(0, 2**63 - 1).map(str)
numbers = st.builds(
    lambda sign, whole, part, power: sign + whole + part + power,
    st.sampled_from(["", "-"]),
    wholes,
    st.just("") | digits.map(lambda text: f".{text}"),
    st.just("") | st.integers(-30, 30).map(lambda power: f"e{power}"),
)


@given(numbers)
def test_every_number_is_written_as_it_was(number: str) -> None:
    text = f'{{"a":{number},"b":[{number}],"c":"4e5, {number}"}}'.encode()

    assert dumps(parse(text)) == text


@pytest.mark.parametrize("number", WRITTEN)
def test_a_content_keeps_its_numbers_in_every_field(number: str) -> None:
    given = parse(f'{{"status":"UNPAID","total":{number},"mine":{{"x":[{number}]}}}}')
    content = read_content(Resource.INVOICE, "7", given)

    assert f'"total":{number},' in content.json
    assert f'"mine":{{"x":[{number}]}}' in content.json


def test_a_patch_leaves_the_numbers_that_it_does_not_name_as_they_were() -> None:
    held = parse('{"total":10.00,"lines":[{"price":0.10}],"name":"a"}')

    merged = merge(held, parse('{"name":"b"}'))

    assert dumps(merged) == b'{"total":10.00,"lines":[{"price":0.10}],"name":"b"}'


@pytest.mark.parametrize(
    ("one", "other", "differ"),
    [
        ("10", "10.0", False),
        ("10.0", "10.00", False),
        ("1e1", "10", False),
        ('[{"a":1.50}]', '[{"a":1.5}]', False),
        ("0.12345678901234567890", "0.12345678901234567891", True),
        ("10.00", "10.01", True),
        ("1", "true", True),
        ("0.0", "false", True),
        ("10.00", '"10.00"', True),
        ("[1.0]", "[1.0,1.0]", True),
    ],
)
def test_numbers_are_compared_by_value(one: str, other: str, differ: bool) -> None:
    found = changed_fields(parse(f'{{"a":{one}}}'), parse(f'{{"a":{other}}}'))

    assert found == (["a"] if differ else [])


def test_usual_numbers_stay_plain() -> None:
    assert json.dumps(parse('{"a": 1.5, "b": 10, "c": 10.00}')) == '{"a": 1.5, "b": 10, "c": 10.0}'
    assert exactly(1.5) == Decimal("1.5")
