import pytest
from hypothesis import given
from hypothesis import strategies as st

from reseller_webhooks.core.deliveries.attempts import (
    HEADER_CHARS_KEPT,
    HEADERS_KEPT,
    RESPONSE_CHARS_KEPT,
    kept_headers,
    response_start,
    retry_after_s,
)
from reseller_webhooks.core.deliveries.retry import RETRY_AFTER_MAX_S

NOON = 1_445_342_400_000_000  # Tue, 20 Oct 2015 12:00:00 GMT


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120),
        ("130 ", 130),
        ("0", 0),
        ("", 0),
        ("-1", 0),
        ("1.5", 0),
        ("١٢", 0),
        ("soon", 0),
        ("9" * 5000, RETRY_AFTER_MAX_S),
        ("Tue, 20 Oct 2015 12:02:00 GMT", 120),
        ("Tue, 20 Oct 2015 12:02:00 -0000", 120),
        ("Tuesday, 20-Oct-15 12:02:00 GMT", 120),
        ("Tue, 20 Oct 2015 11:00:00 GMT", 0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", RETRY_AFTER_MAX_S),
        ("Tue, 20 Oct 99999 12:02:00 GMT", 0),
    ],
)
def test_retry_after_is_read_in_seconds(header: str, seconds: int) -> None:
    assert retry_after_s(header, NOON) == seconds


@given(
    st.text() | st.from_regex(r"[A-Z][a-z]{2}, \d{1,2} [A-Z][a-z]{2} \d{1,6} [\d:]{0,9} [+-]?\w*")
)
def test_no_retry_after_is_too_odd_to_read(header: str) -> None:
    assert 0 <= retry_after_s(header, NOON) <= RETRY_AFTER_MAX_S


@given(st.binary(max_size=64))
def test_any_bytes_make_a_text_that_a_database_can_keep(raw: bytes) -> None:
    text = response_start(raw)

    assert "\0" not in text
    assert text.encode().decode() == text


@pytest.mark.parametrize("character", ["a", "é", "€", "😀"])
def test_the_start_of_a_response_is_cut_between_characters(character: str) -> None:
    raw = (character * 2 * RESPONSE_CHARS_KEPT).encode()

    assert response_start(raw) == character * RESPONSE_CHARS_KEPT


@given(st.lists(st.tuples(st.binary(max_size=400), st.binary(max_size=400)), max_size=70))
def test_headers_are_kept_within_bounds_whatever_comes(raw: list[tuple[bytes, bytes]]) -> None:
    kept = kept_headers(tuple(raw))

    assert len(kept) <= HEADERS_KEPT
    assert all(len(text) <= HEADER_CHARS_KEPT for pair in kept.items() for text in pair)
    assert "\0" not in "".join(kept.values())


@pytest.mark.parametrize(
    "name", ["Set-Cookie", "authorization", "X-Api-Key", "x-csrf-token", "Authentication-Info"]
)
def test_a_header_that_may_be_a_secret_is_not_kept(name: str) -> None:
    assert kept_headers(((name.encode(), b"x"),)) == {}


def test_a_challenge_is_kept_and_a_repeated_header_is_joined() -> None:
    raw = [(b"WWW-Authenticate", b"Bearer"), (b"Via", b"one"), (b"via", b"two")]

    assert kept_headers(tuple(raw)) == {"www-authenticate": "Bearer", "via": "one, two"}
