"""House rules that no linter knows. A rule that is not checked is not written down."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "src").rglob("*.py"))
LINES_MAX = 300
FUNCTION_LINES_MAX = 40
VAGUE = {"utils", "util", "helpers", "helper", "common", "misc", "base", "manager", "service"}


MIGRATIONS = ROOT / "src" / "reseller_webhooks" / "store" / "migrations" / "versions"
"""History, as long as it has to be."""


@pytest.fixture(scope="module")
def modules() -> dict[Path, ast.Module]:
    return {path: ast.parse(path.read_text()) for path in SOURCES}


def _long_functions(path: Path, module: ast.Module) -> Iterator[str]:
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno
            if lines > FUNCTION_LINES_MAX:
                yield f"{path.relative_to(ROOT)}: {node.name}: {lines} lines"


def test_every_file_says_what_it_owns(modules: dict[Path, ast.Module]) -> None:
    assert [path for path, module in modules.items() if not ast.get_docstring(module)] == []


def test_every_file_is_short() -> None:
    lines = {
        str(path.relative_to(ROOT)): len(path.read_text().splitlines())
        for path in SOURCES
        if MIGRATIONS not in path.parents
    }

    assert {name: count for name, count in lines.items() if count > LINES_MAX} == {}


def test_every_function_does_one_thing(modules: dict[Path, ast.Module]) -> None:
    too_long = [
        function
        for path, module in modules.items()
        if MIGRATIONS not in path.parents
        for function in _long_functions(path, module)
    ]

    assert too_long == []


def test_no_file_has_a_vague_name() -> None:
    assert [path for path in SOURCES if path.stem in VAGUE] == []


def test_passwords_are_hashed_in_one_place() -> None:
    hashing = re.compile(r"\b(hash_password|fitting_hashes|PasswordHasher)\b")
    found = {
        path.relative_to(ROOT / "src").as_posix()
        for path in SOURCES
        if hashing.search(path.read_text())
    }

    assert found == {
        "reseller_webhooks/crypto.py",
        "reseller_webhooks/http/pages/sign_in/password_hashing.py",
    }


def test_events_are_never_edited() -> None:
    edits = re.compile(r"update\(\s*event\b|UPDATE event\b")

    assert [path for path in SOURCES if edits.search(path.read_text())] == []


def test_a_webhook_is_never_called_a_subscription() -> None:
    wrong = re.compile(
        r"webhook[_ -]?subscription|subscribe[sd]? to (a|the) webhook", re.IGNORECASE
    )

    assert [path for path in SOURCES if wrong.search(path.read_text())] == []


def test_the_changelog_has_a_section_for_what_is_next() -> None:
    assert "## [Unreleased]" in (ROOT / "CHANGELOG.md").read_text()


@pytest.mark.parametrize(
    "name", ["requirements.txt", "requirements-dev.txt", "requirements-nats.txt"]
)
def test_requirements_are_locked_and_name_no_index(name: str) -> None:
    text = (ROOT / name).read_text()

    assert "--hash=sha256:" in text
    assert not re.search(r"https?://|--(extra-)?index-url|--find-links", text)


TAKEN_APART = {"partition", "rpartition", "split", "startswith", "endswith", "find", "index"}
TEXTS = {"detail", "reason", "message", "strerror"}
BY_TEXT_ONLY = {
    "reseller_webhooks/nats/connection.py",  # NATS' protocol has no code for a refused sign-in
}


def read_sentences(tree: ast.AST) -> Iterator[int]:
    """Lines that match, compare or cut the text of an error or a reason."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(attr=name, value=text)) if name in TAKEN_APART:
                found = [text]
            case ast.Call(func=ast.Attribute(value=ast.Name(id="re")), args=found):
                pass
            case ast.Compare(left=left, comparators=right):
                found = [left, *right]
            case _:
                continue
        if any(is_sentence(inner) for one in found for inner in unwrapped(one)):
            yield node.lineno


def unwrapped(node: ast.expr) -> Iterator[ast.expr]:
    """The expression, and what its string methods are called on."""
    yield node
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        node = node.func.value
        yield node


def is_sentence(node: ast.expr) -> bool:
    match node:
        case ast.Call(func=ast.Name(id="str"), args=[ast.Name(id=name) | ast.Attribute(attr=name)]):
            return name in {"error", "why", "exception", *TEXTS}
        case ast.Attribute(attr=name):
            return name in {"detail", "strerror"}
    return False


@pytest.mark.parametrize(
    "line",
    [
        "str(error).partition(';')",
        "'refused' in str(error).lower()",
        "problem.detail == 'is missing'",
        "re.search('refused', str(why))",
        "attempt.detail.startswith('answered')",
    ],
)
def test_code_that_reads_a_sentence_is_found(line: str) -> None:
    assert list(read_sentences(ast.parse(line)))


def test_no_code_reads_the_sentence_of_an_error() -> None:
    found = [
        f"{name}:{line}"
        for path in SOURCES
        if (name := path.relative_to(ROOT / "src").as_posix()) not in BY_TEXT_ONLY
        for line in read_sentences(ast.parse(path.read_text()))
    ]

    assert found == []
