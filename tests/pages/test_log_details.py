"""What a delivery's page says about its payload: what changed, and the curl command."""

import json
import subprocess
import threading
from collections.abc import Iterator
from html import unescape
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reseller_webhooks.core.deliveries.notification import shown_headers
from reseller_webhooks.http.pages.labels.changed_fields import FieldChange, Value, between
from reseller_webhooks.http.pages.labels.log_curl import command
from reseller_webhooks.http.pages.labels.log_json import highlight

NAMES: dict[str, tuple[str, ...]] = {
    "A": ("a",),
    "VAT ID": ("vatId",),
    "Is new": ("isNew",),
    "Status": ("status",),
    "Currency": ("currency",),
    "Order lines, 1, Quantity": ("orderLines", "1", "quantity"),
    "Due date": ("dueDate",),
}


def changed(field: str, before: Value | None, now: Value | None) -> FieldChange:
    return FieldChange(NAMES[field], field, before, now)


def body(**content: Any) -> str:
    return orjson.dumps({"resource": {"content": content}}).decode()


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": None}, {}, []),
        ({"a": 1}, {"a": True}, [changed("A", Value("1"), Value("Yes"))]),
        ({"vatId": "x"}, {}, [changed("VAT ID", Value("x"), None)]),
        ({}, {"isNew": False}, [changed("Is new", None, Value("No"))]),
        (
            {"status": "PENDING_REMOTE_CREATION", "currency": "USD"},
            {"status": "ACTIVE", "currency": "EUR"},
            [
                FieldChange(
                    NAMES["Status"], "Status", Value("Pending remote creation"), Value("Active")
                ),
                changed("Currency", Value("USD"), Value("EUR")),
            ],
        ),
        (
            {"orderLines": [{"quantity": 1}]},
            {"orderLines": [{"quantity": 2}]},
            [
                FieldChange(
                    NAMES["Order lines, 1, Quantity"],
                    "Order lines, 1, Quantity",
                    Value("1"),
                    Value("2"),
                )
            ],
        ),
        (
            {"dueDate": 1_500_000_000_000},
            {"dueDate": None},
            [
                FieldChange(
                    NAMES["Due date"],
                    "Due date",
                    Value("1500000000000", at=1_500_000_000_000_000),
                    None,
                )
            ],
        ),
    ],
)
def test_what_changed_is_told_field_by_field(
    before: dict[str, Any], now: dict[str, Any], expected: list[FieldChange]
) -> None:
    assert between(body(**before), body(**now)) == expected


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=12,
)


@given(before=st.dictionaries(st.text(max_size=3), JSON), now=st.dictionaries(st.text(), JSON))
def test_what_changed_is_marked_in_the_json_and_nothing_else_is_altered(
    before: dict[str, Any], now: dict[str, Any]
) -> None:
    changes = between(json.dumps(wrapped(before)), json.dumps(wrapped(now)))
    told = highlight(json.dumps(wrapped(now)), [one.name for one in changes])
    plain = unescape(told.replace("<mark>", "").replace("</mark>", ""))

    assert plain == json.dumps(wrapped(now), indent=2, ensure_ascii=False)
    assert told.count("<mark>") <= len(changes)
    assert told.count("<mark>") >= sum(one.now is not None for one in changes)


def wrapped(content: dict[str, Any]) -> dict[str, Any]:
    return {"uuid": "e", "resource": {"uuid": "acme", "content": content}}


def test_only_fields_of_the_content_are_marked() -> None:
    told = highlight(json.dumps(wrapped({"uuid": "<new>"})), [("uuid",)])

    assert "<mark>&#34;uuid&#34;: &#34;&lt;new&gt;&#34;</mark>" in told
    assert told.count("<mark>") == 1


class _Kept(BaseHTTPRequestHandler):
    got: list[tuple[str, bytes, str]]

    def do_POST(self) -> None:
        sent = self.rfile.read(int(self.headers["content-length"]))
        self.got.append((self.path, sent, self.headers["webhook-id"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def kept() -> Iterator[tuple[str, list[tuple[str, bytes, str]]]]:
    """The URL of a plain receiver on loopback, and what it got."""
    _Kept.got = []
    server = HTTPServer(("127.0.0.1", 0), _Kept)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", _Kept.got
    server.shutdown()
    thread.join()
    server.server_close()


NASTY = [
    'it\'s $HOME `id` \\\\ "quoted" !! %s & ; | > /tmp/x',
    "@/etc/passwd",
    "line\nbreak\r\n\ttab",
    "Söhne – 日本語 🎉",
    "",
]


@pytest.mark.parametrize("name", NASTY)
def test_the_curl_command_sends_the_same_bytes_from_a_real_shell(
    kept: tuple[str, list[tuple[str, bytes, str]]], name: str
) -> None:
    url, got = kept
    sent = body(name=name) if name else name
    told = command(f"{url}/a?b={{c}}&d[]='e'", shown_headers("evt", "TOKEN", 1, 0), sent)

    subprocess.run(["/bin/sh", "-c", f"{told} --silent"], check=True, timeout=10)
    assert got == [("/a?b={c}&d[]='e'", sent.encode(), "evt")]
