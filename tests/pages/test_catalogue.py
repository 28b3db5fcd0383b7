"""The catalogue: all that the pages say is in it, and each translation has all of it."""

import re
import tomllib
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import get_args

import pytest
from babel.messages.catalog import Message
from babel.messages.extract import extract_from_dir

from reseller_webhooks.core.health.condition_texts import TEXTS
from reseller_webhooks.core.messages import CODES, MessageCode, Plural
from reseller_webhooks.core.messages.attempts import PLAIN_TEXT
from reseller_webhooks.core.messages.quotas import OF_QUOTA
from reseller_webhooks.core.records.app_assignment import AppAssignmentStatus
from reseller_webhooks.core.records.invoice import InvoiceStatus
from reseller_webhooks.core.records.lead import LeadStatus
from reseller_webhooks.core.records.order import OrderStatus
from reseller_webhooks.core.records.statuses import MOVES
from reseller_webhooks.core.records.subscription import SubscriptionStatus
from reseller_webhooks.core.webhooks.settings import SETTINGS
from reseller_webhooks.http.pages import language
from reseller_webhooks.http.pages.labels.status_labels import STATUSES
from tests.pages.catalogues import MAIL, PAGES, TREE, read

CATALOGUE = read("messages.pot")
TEMPLATES = sorted((PAGES / "templates").glob("*.html"))
TRANSLATED = sorted(set(language.LANGUAGES) - {language.SOURCE})
VALUES = re.compile(r"%\(\w+\)s")
TAGS = re.compile(r"<[^>]*>")
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "N_": None, "Plural": (1, 2)}


def every(name: str) -> Iterator[Message]:
    return (one for one in read(name) if one.id)


def forms(texts: object) -> list[str]:
    return [str(one) for one in texts] if isinstance(texts, list | tuple) else [str(texts)]


def msgids(code: MessageCode) -> list[str]:
    """What of a message is translated; of quotas the pages have texts of their own."""
    if code is PLAIN_TEXT or code in OF_QUOTA.values():
        return []
    text = code.text.one if isinstance(code.text, Plural) else code.text
    advice = code.page_advice or code.advice
    return [text, advice] if advice else [text]


def test_the_catalogue_holds_what_the_sources_say() -> None:
    asked = tomllib.loads((TREE / "pyproject.toml").read_text())["tool"]["babel"]["mappings"]
    methods = [(one["pattern"], one["method"]) for one in asked]
    options = {one["pattern"]: {k: v for k, v in one.items() if k != "method"} for one in asked}
    found = [
        text
        for folder in (PAGES, MAIL)
        for _file, _line, text, *_ in extract_from_dir(str(folder), methods, options, KEYWORDS)
    ]
    said = {forms(text)[0] for text in found}
    said |= {*TEXTS.values()}
    said |= {text for setting in SETTINGS.values() for text in setting.texts}
    said |= {text for code in CODES.values() for text in msgids(code)}

    assert said == {forms(one.id)[0] for one in every("messages.pot")}, "run make catalogue"


@pytest.mark.parametrize("tag", TRANSLATED)
def test_a_translation_has_every_text(tag: str) -> None:
    there = {str(one.id): forms(one.string) for one in every(tag) if not one.fuzzy}
    lacking = [one.id for one in every("messages.pot") if not all(there.get(str(one.id), [""]))]

    assert not lacking
    assert len(there) == len(list(every("messages.pot"))), "nothing that nobody says"


@pytest.mark.parametrize("tag", TRANSLATED)
def test_a_translation_keeps_values_tags_and_signs(tag: str) -> None:
    for one in every(tag):
        needed = {value for text in forms(one.id) for value in VALUES.findall(text)}
        for text in forms(one.string):
            source = forms(one.id)[-1]

            assert set(VALUES.findall(text)) <= needed, text
            assert sorted(TAGS.findall(text)) == sorted(TAGS.findall(source)), text
            assert text.count('"') == source.count('"'), "it may stand in an attribute"
            assert text[:1].isspace() == source[:1].isspace(), text
            assert text[-1:].isspace() == source[-1:].isspace(), text

        assert set(VALUES.findall(forms(one.string)[-1])) == needed, one.id


class Texts(HTMLParser):
    """What a page says outside what is marked."""

    ATTRIBUTES = frozenset({"aria-label", "title", "alt", "placeholder", "data-once"})
    SAID_AS_THEY_ARE = frozenset({"code", "script", "style"})

    def __init__(self) -> None:
        super().__init__()
        self.inside: list[str] = []
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.inside.append(tag)
        self.found += [text for name, text in attrs if name in self.ATTRIBUTES and text]

    def handle_endtag(self, tag: str) -> None:
        while self.inside and self.inside.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if not self.SAID_AS_THEY_ARE & set(self.inside):
            self.found.append(ATTRIBUTE.sub("", data))  # a macro may make some of a tag


ATTRIBUTE = re.compile(r'[\w-]+="[^"]*"')
MARKED = re.compile(r"{% *trans\b.*?{% *endtrans *%}|{#.*?#}", re.DOTALL)
EXPRESSIONS = re.compile(r"{{.*?}}|{%.*?%}", re.DOTALL)
CALLS = re.compile(r"""_\(("[^"]*"|'[^']*')""")
LITERALS = re.compile(r""""([^"]*)"|'([^']*)'""")
LETTERS = re.compile(r"[A-Za-z]{2}")
SIGNS = {"ana@acme.example"}


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda one: one.stem)
def test_a_template_says_nothing_that_is_not_marked(path: Path) -> None:
    text = MARKED.sub(" ", path.read_text())
    parser = Texts()
    parser.feed(EXPRESSIONS.sub("0", text))
    plain = [one.strip() for one in parser.found if LETTERS.search(one)]
    quoted = [
        literal
        for expression in EXPRESSIONS.findall(text)
        for both in LITERALS.findall(CALLS.sub("", expression))
        for literal in both
        if re.search(r"[a-z] [a-z]", literal) and not literal.startswith(("M", "<"))
    ]

    assert [one for one in plain if one not in SIGNS] == []
    assert quoted == []


def test_every_status_has_a_word() -> None:
    kinds = (AppAssignmentStatus, InvoiceStatus, LeadStatus, OrderStatus, SubscriptionStatus)
    found = {one for kind in kinds for one in get_args(kind)}.union(*MOVES.values())

    assert {one.replace("_", " ").capitalize() for one in found} <= set(STATUSES)
