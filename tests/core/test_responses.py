import pytest
from hypothesis import given
from hypothesis import strategies as st

from reseller_webhooks.core.attempts import RESPONSE_CHARS_KEPT, response_start, retry_after_s
from reseller_webhooks.core.retry import RETRY_AFTER_MAX_S

NOON = 1_445_342_400_000_000  # Tue, 20 Oct 2015 12:00:00 GMT


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120),
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
