"""Names: a class name means one thing, and imports rarely need an alias."""

import ast
from collections import defaultdict
from pathlib import Path

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
