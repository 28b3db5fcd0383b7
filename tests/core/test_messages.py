"""Messages: codes with parameters, which survive the store and render in every language."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reseller_webhooks.core.messages import (
    CODES,
    ENGLISH,
    SUBJECTS,
    Message,
    MessageCode,
    Plural,
    from_json,
    plain,
    render,
)
from reseller_webhooks.core.messages.attempts import (
    ANSWERED_STATUS,
    CANNOT_CONNECT,
    CONNECTION_REFUSED,
    NO_ANSWER_IN_TIME,
    TOKEN_REQUEST_FAILED,
)
from reseller_webhooks.core.messages.quotas import OF_QUOTA
from reseller_webhooks.http.pages import language
from reseller_webhooks.http.pages.messages import cause, sentence

SOURCES = Path(__file__).parent.parent.parent / "src" / "reseller_webhooks"
SCALARS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"])),
    st.integers(-(2**53), 2**53),
    st.floats(allow_nan=False, allow_infinity=False),
)


def params_of(code: MessageCode, values: st.SearchStrategy[Any]) -> st.SearchStrategy[Message]:
    named = st.fixed_dictionaries(dict.fromkeys(sorted(code.params), values))
    return named.map(lambda params: code(**params))


MESSAGES = st.recursive(
    st.sampled_from(list(CODES.values())).flatmap(lambda code: params_of(code, SCALARS)),
    lambda inner: st.sampled_from(list(CODES.values())).flatmap(
        lambda code: params_of(code, SCALARS | inner)
    ),
    max_leaves=5,
)


@given(MESSAGES)
def test_a_message_survives_json(message: Message) -> None:
    assert from_json(message.to_json()) == message


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "answered 503",
        "[]",
        '{"params": {}}',
        '{"code": "of-a-later-version", "params": {"status": 503}}',
        '{"code": "answered-status"}',
        '{"code": "answered-status", "params": {"status": 503, "more": 1}}',
        '{"code": "answered-status", "params": {"status": [503]}}',
        '{"code": "answered-status", "params": {"status": true}}',
        '{"code": "cannot-connect", "params": {"host": "x", "why": {"code": "of-later"}}}',
    ],
)
def test_what_this_version_does_not_know_is_no_message(text: str | None) -> None:
    assert from_json(text) is None


def test_a_message_needs_exactly_the_parameters_of_its_text() -> None:
    for params in ({}, {"state": 503}, {"status": 503, "host": "x"}):
        with pytest.raises(TypeError, match="answered-status takes"):
            ANSWERED_STATUS(**params)


@pytest.fixture(params=sorted(language.LANGUAGES))
def tag(request: pytest.FixtureRequest) -> Iterator[str]:
    language.use(request.param)
    yield request.param
    language.use(language.SOURCE)


@pytest.mark.parametrize("count", [1, 2])
def test_every_code_renders_in_every_language_with_its_parameters(tag: str, count: int) -> None:
    for code in CODES.values():
        values = {name: f"<{name}>" for name in code.params}
        given = values | {"count": count} if isinstance(code.text, Plural) else values
        said = sentence(code(**given))

        assert "%(" not in said, code.name
        for name in named_on_pages(code, count):
            assert str(given[name]) in said, (tag, code.name, name)


def named_on_pages(code: MessageCode, count: int) -> set[str]:
    """The parameters that a page shows: not those of the API's own advice."""
    text = code.text[min(count, 2) - 1] if isinstance(code.text, Plural) else code.text
    shown = f"{text} {code.page_advice or code.advice}"
    return {name for name in code.params if f"%({name})s" in shown}


def test_numbers_and_nested_messages_are_written_as_the_language_does() -> None:
    why = CANNOT_CONNECT(host="id.example.com", why=CONNECTION_REFUSED())
    nested = TOKEN_REQUEST_FAILED(why=why)
    late = NO_ANSWER_IN_TIME(host="x.example", seconds=1.5)
    language.use("de")
    german = sentence(nested), sentence(late)
    language.use(language.SOURCE)

    assert german[0] == (
        "Die Token-Anfrage ist gescheitert: keine Verbindung zu id.example.com möglich: "
        "Verbindung abgelehnt."
    )
    assert "1,5 s" in german[1]
    assert str(late) == "no answer from x.example within 1.5 s"


def test_a_cause_is_a_message_without_its_advice() -> None:
    message = ANSWERED_STATUS(status=503)

    assert cause(message) == "answered 503"
    assert render(message, ENGLISH, brief=True) == "answered 503"
    assert str(message) == "answered 503; a receiver confirms with any status from 200 to 299"
    assert str(plain("50% of %(it)s; all")) == "50% of %(it)s; all"


CONSTANTS = {
    name: code
    for subject in SUBJECTS
    for name, code in vars(subject).items()
    if isinstance(code, MessageCode)
}


def test_each_code_has_a_constant_of_its_name() -> None:
    by_name = {code.name: name for name, code in CONSTANTS.items()}
    of_quotas = {code.name for code in OF_QUOTA.values()}

    assert {name.replace("_", "-").lower() for name in CONSTANTS} == by_name.keys()
    assert CODES.keys() - by_name.keys() == of_quotas


def trees() -> Iterator[ast.Module]:
    for path in SOURCES.rglob("*.py"):
        if path.parent.name != "messages":
            yield ast.parse(path.read_text())


def test_each_code_is_used_with_its_parameters() -> None:
    used, wrong = set(), []
    for tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Name) and node.id in CONSTANTS:
                used.add(node.id)
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in CONSTANTS:
                wrong += misused(node)

    assert CONSTANTS.keys() - used - {"PLAIN_TEXT"} == set()
    assert wrong == []


def misused(call: ast.Call) -> Iterator[str]:
    name = getattr(call.func, "id", "")
    given = {keyword.arg for keyword in call.keywords}
    if call.args or (None not in given and given != CONSTANTS[name].params):
        yield f"{name} line {call.lineno}"
