"""Every rule of delivery is implemented once, can be taken out, and has its result in the docs."""

import ast
import re
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest

from reseller_webhooks.core.rules import IMPLEMENTATIONS, Rule, implements
from tests.simulation.__main__ import label
from tests.simulation.mutations import REMOVALS, owner_of, removed
from tests.simulation.run import simulate
from tests.simulation.store_rules import StoreRule

FOLDER = Path(__file__).parent
DOCS = FOLDER.parents[1] / "docs" / "simulation.md"
EVERY_RULE = {*Rule, *StoreRule}


def test_every_rule_is_implemented_by_one_function() -> None:
    assert set(IMPLEMENTATIONS) == EVERY_RULE


def test_a_second_implementation_of_a_rule_is_refused() -> None:
    with pytest.raises(ValueError, match="implemented twice"):
        implements(Rule.CAP)(test_every_rule_is_implemented_by_one_function)


def test_an_implementation_is_the_function_itself_and_no_wrapper() -> None:
    for rule, function in IMPLEMENTATIONS.items():
        owner, name = owner_of(function)
        found = vars(owner)[name]
        found = found.fget if isinstance(found, property) else found

        assert getattr(found, "__wrapped__", found) is function, rule


def test_every_rule_can_be_taken_out_and_comes_back() -> None:
    assert set(REMOVALS) == EVERY_RULE
    for rule in REMOVALS:
        owner, name = owner_of(IMPLEMENTATIONS[rule])
        before = vars(owner)[name]
        with removed(rule):
            assert vars(owner)[name] is not before

        assert vars(owner)[name] is before


def test_no_module_imports_the_function_of_a_rule_by_name() -> None:
    """It would call the function of a rule that was taken out."""
    modules = [
        module
        for name, module in list(sys.modules.items())
        if name.startswith(("reseller_webhooks", "tests.simulation"))
    ]
    functions = {id(function): function for function in IMPLEMENTATIONS.values()}
    imported = [
        f"{module.__name__}: {name}"
        for module in modules
        for name, value in vars(module).items()
        if id(value) in functions and functions[id(value)].__module__ != module.__name__
    ]

    assert imported == []


def test_removals_name_no_private_attribute() -> None:
    files = [FOLDER / "mutations.py", FOLDER / "clock_mutations.py", FOLDER / "removal.py"]

    assert list(chain.from_iterable(map(_private_names, files))) == []


def test_the_docs_have_the_result_of_each_rule_taken_out() -> None:
    table = DOCS.read_text().partition("## Rules taken out\n")[2].partition("\n## ")[0]

    assert re.findall(r"^\| (.+?) \| \d", table, re.MULTILINE) == list(map(label, REMOVALS))


def test_a_removal_that_crashes_is_told_apart_from_a_missing_rule(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def crash(*_: object) -> None:
        raise AttributeError("no such attribute")

    owner, name = owner_of(IMPLEMENTATIONS[Rule.SEND_CHECK])
    monkeypatch.setattr(owner, name, crash)
    outcome = simulate(0)

    assert any("AttributeError" in crash.detail for crash in outcome.crashes)


def _private_names(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Attribute) and re.match(r"_[^_]", node.attr):
            yield f"{file.name}: {node.attr}"
