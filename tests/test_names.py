"""Names and docstrings: a class name means one thing, imports rarely need an alias, and the first
line of a docstring names the thing or the act."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "src").rglob("*.py"))
MIGRATIONS = ROOT / "src" / "reseller_webhooks" / "store" / "migrations"
ALIASES_MAX = 9
"""Aliased imports at the top of a file, migrations apart."""
COMPONENT = "the API's schema has the same name as what it shows: users see it in OpenAPI"
PACKAGE = "another package, which is used without this one"
DUPLICATES = {
    **dict.fromkeys(
        ("Attempt", "Backfill", "Delivery", "Event", "Job", "Reseller", "Webhook"), COMPONENT
    ),
    "Membership": "a record's user or membership beside those who sign in; both are in OpenAPI",
    "User": "a record's user or membership beside those who sign in; both are in OpenAPI",
    **dict.fromkeys(("Connection", "Digest", "Outcome", "Reason", "Source"), PACKAGE),
    "Message": "NATS calls what it delivers a message; core/messages has texts",
    "_Feed": "private to its file",
    "_Turn": "private to its file",
}
"""Class names that are defined more than once, and why."""
FRAGMENT = re.compile(
    r"((As|At|By|For|From|In|Of|On|Since|To|Until) )?"
    r"(how|what|whatever|when|where|whether|which|who|whoever|whom|whose|why)\b",
    re.IGNORECASE,
)
"""Clauses that stand for a noun, at the start of a docstring."""
PRONOUN = re.compile(r"\b(anybody|nobody|somebody|whoever)\b", re.IGNORECASE)
"""Words for roles that have a name: user, visitor, caller, transaction."""


def docstrings(tree: ast.AST) -> Iterator[str]:
    """Every text that stands alone: docstrings, and descriptions below a name."""
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant(value=str(text))):
                yield text


def is_dialect(docstring: str) -> bool:
    first = docstring.strip().partition("\n")[0]
    return bool(FRAGMENT.match(first) or PRONOUN.search(first))


@pytest.mark.parametrize(
    ("docstring", "found"),
    [
        ("What operators have set.", True),
        ("Whether the store answers.", True),
        ("To whom a link belongs.", True),
        ("Let nobody call with a key.", True),
        ("The limits that operators set.\n\nWhat they set counts.", False),
        ("Whole numbers only.", False),
    ],
)
def test_a_clause_in_place_of_a_noun_is_found(docstring: str, found: bool) -> None:
    assert is_dialect(docstring) == found


def test_docstrings_begin_with_the_thing_or_the_act() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}: {docstring.strip()[:60]}"
        for path in SOURCES
        for docstring in docstrings(ast.parse(path.read_text()))
        if is_dialect(docstring)
    ]

    assert wrong == []


def test_a_class_name_is_defined_once() -> None:
    places = defaultdict(list)
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef) and node.name not in DUPLICATES:
                places[node.name].append(str(path.relative_to(ROOT)))

    assert {name: paths for name, paths in places.items() if len(paths) > 1} == {}


def test_imports_rarely_need_an_alias() -> None:
    aliases = [
        f"{path.relative_to(ROOT)}: {alias.asname}"
        for path in SOURCES
        if MIGRATIONS not in path.parents
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
        if alias.asname
    ]

    assert len(aliases) <= ALIASES_MAX, aliases
