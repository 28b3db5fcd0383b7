"""What a receiver echoes of a secret is masked before anybody sees it."""

import html
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reseller_webhooks.core.deliveries.attempts import (
    HEADER_CHARS_KEPT,
    RESPONSE_CHARS_KEPT,
    from_status,
)
from reseller_webhooks.core.deliveries.secret_masking import (
    MASK,
    SECRET_CHARS_MIN,
    masked,
    without_secret,
)
from reseller_webhooks.core.messages import plain

HEADER_TEXT = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=12)
TOKEN = 'to<ken/"of+the&receiver'


@pytest.mark.parametrize(
    "echo",
    [
        TOKEN,
        json.dumps(TOKEN),
        json.dumps(TOKEN).replace("/", "\\/"),
        html.escape(TOKEN),
        quote(TOKEN, safe=""),
    ],
)
def test_a_token_is_masked_as_receivers_write_it(echo: str) -> None:
    found = masked(f"unknown token {echo}!", TOKEN)

    assert "receiver" not in found
    assert found.count(MASK) == 1


@given(HEADER_TEXT, st.integers(0, 60))
def test_no_text_that_was_cut_off_holds_the_beginning_of_a_secret(token: str, shown: int) -> None:
    limit = 80
    text = (" " * (limit - shown) + token)[:limit]
    found = masked(text, token, chars_kept=limit)

    assert token[: max(SECRET_CHARS_MIN, len(token))] not in found
    assert not found.endswith(token[:SECRET_CHARS_MIN])


def test_response_detail_and_headers_are_masked() -> None:
    attempt = from_status(
        401,
        5,
        response="x" * (RESPONSE_CHARS_KEPT - 10) + TOKEN[:10],
        headers={"x-echo": TOKEN, "x-long": ("y" * HEADER_CHARS_KEPT + TOKEN)[5:-3][-200:]},
    )._replace(message=plain(f"not HTTP: {TOKEN}"))
    found = without_secret(attempt, TOKEN)

    assert found.detail == f"not HTTP: {MASK}"
    assert found.headers == {"x-echo": MASK, "x-long": found.headers["x-long"]}  # type: ignore[index]
    assert all(TOKEN[:6] not in text for text in (found.response, *found.headers.values()))


def test_an_answer_without_the_secret_stays_as_it_is() -> None:
    attempt = from_status(200, 5, response="thanks", headers={"date": "today"})

    assert without_secret(attempt, TOKEN) is attempt
    assert without_secret(attempt, "a") is attempt
