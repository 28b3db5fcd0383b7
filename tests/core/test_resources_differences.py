"""Patches, and the names of what differs."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reseller_webhooks.core.errors import Invalid
from reseller_webhooks.core.records import changed_fields, merge

values = st.recursive(
    st.none() | st.booleans() | st.integers(0, 2) | st.text("ab", max_size=1),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    ),
    max_leaves=6,
)
objects = st.dictionaries(st.sampled_from("abc"), values, max_size=3)


# RFC 7396, appendix A: those in which patch and result are objects.
@pytest.mark.parametrize(
    ("held", "patch", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_a_patch_does_what_the_standard_says(
    held: dict[str, Any], patch: dict[str, Any], result: dict[str, Any]
) -> None:
    assert merge(held, patch) == result


def test_a_patch_leaves_what_it_was_given_alone() -> None:
    held = {"a": {"b": 1}}

    merge(held, {"a": {"b": 2}})

    assert held == {"a": {"b": 1}}


def test_a_patch_that_is_too_deep_is_refused() -> None:
    patch: dict[str, Any] = {}
    for _ in range(2000):
        patch = {"a": patch}

    with pytest.raises(Invalid, match="too deep"):
        merge({}, patch)


@given(objects, objects)
def test_a_patch_applied_twice_is_a_patch_applied_once(
    held: dict[str, Any], patch: dict[str, Any]
) -> None:
    once = merge(held, patch)

    assert merge(once, patch) == once


@given(objects)
def test_nothing_differs_from_itself(fields: dict[str, Any]) -> None:
    assert changed_fields(fields, dict(reversed(fields.items()))) == []


def test_changed_fields_are_sorted_and_of_the_top_level_only() -> None:
    before = {"z": 1, "same": [1], "gone": 1, "inner": {"a": 1, "b": 1}}
    after = {"z": 2, "same": [1], "new": 1, "inner": {"a": 1, "b": 2}}

    assert changed_fields(before, after) == ["gone", "inner", "new", "z"]


def test_a_field_that_becomes_null_differs_from_one_that_is_not_there() -> None:
    assert changed_fields({}, {"a": None}) == ["a"]


@pytest.mark.parametrize(("before", "after"), [(1, True), (0, False), (None, False)])
def test_values_that_only_python_takes_for_the_same_differ(before: object, after: object) -> None:
    assert changed_fields({"a": [before]}, {"a": [after]}) == ["a"]


def test_the_order_of_keys_is_no_difference() -> None:
    assert changed_fields({"a": {"x": 1, "y": 2}}, {"a": {"y": 2, "x": 1}}) == []
