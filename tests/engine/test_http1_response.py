import itertools
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reseller_webhooks.core.deliveries.attempts import RESPONSE_BYTES_READ
from reseller_webhooks.engine.sending.http1.errors import ProtocolError
from reseller_webhooks.engine.sending.http1.response import (
    ANSWER_BYTES_MAX,
    INTERIM_MAX,
    PIECES_MAX,
    Response,
    ResponseParser,
)

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
HINTS = b"HTTP/1.1 103 Early Hints\r\nretry-after: 7\r\nlink: </a>\r\n\r\n"
PLAIN = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
CHUNKED = (
    b"HTTP/1.1 503 Busy\r\nRetry-After: 120\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"4;a=b\r\nhalf\r\n3\r\n of\r\n0\r\nretry-after: 9\r\n\r\n"
)
OK = Response(200, b"", b"ok", [(b"content-length", b"2")])
HEADERS = [(b"Retry-After", b"120"), (b"Transfer-Encoding", b"chunked")]
PROPER = {
    "length": (PLAIN, OK),
    "chunks": (CHUNKED, Response(503, b"120", b"half of", HEADERS)),
    "interim": (CONTINUE + HINTS + PLAIN, OK),
    "nothing": (b"HTTP/1.1 204 No Content\r\n\r\n", Response(204, b"", b"", [])),
    "lone name": (
        b"HTTP/1.1 200 OK\r\nx:\r\ncontent-length: 0\r\n\r\n",
        Response(200, b"", b"", [(b"x", b""), (b"content-length", b"0")]),
    ),
}


def heard(parts: Iterable[bytes]) -> ResponseParser:
    ear = ResponseParser()
    for part in parts:
        ear.feed(part)
    return ear


def head(length: int) -> bytes:
    """A complete head of so many bytes."""
    start, end = b"HTTP/1.1 200 OK\r\nx: ", b"\r\ncontent-length: 0\r\n\r\n"
    return start + b"y" * (length - len(start) - len(end)) + end


def cut(raw: bytes, places: Iterable[int]) -> list[bytes]:
    """The bytes in parts that begin at these places."""
    edges = [0, *sorted({place % len(raw) for place in places} - {0}), len(raw)]
    return [raw[a:b] for a, b in itertools.pairwise(edges)]


@pytest.mark.parametrize(("raw", "answer"), PROPER.values(), ids=PROPER)
@given(places=st.lists(st.integers(0, 10_000), max_size=30))
def test_an_answer_is_the_same_in_whatever_parts_it_comes(
    raw: bytes, answer: Response, places: list[int]
) -> None:
    ear = heard(cut(raw, places))

    assert ear.response() == answer
    assert (ear.complete, ear.keep_alive) == (True, True)


@pytest.mark.parametrize(("raw", "answer"), PROPER.values(), ids=PROPER)
def test_an_answer_is_the_same_byte_by_byte(raw: bytes, answer: Response) -> None:
    assert heard(bytes([byte]) for byte in raw).response() == answer


def test_a_head_in_very_many_pieces_is_no_answer() -> None:
    with pytest.raises(ProtocolError, match="answer-in-too-many-pieces"):
        heard(bytes([byte]) for byte in head(2 * PIECES_MAX))


def test_a_body_in_very_many_pieces_ends_there_and_the_answer_counts() -> None:
    raw = b"HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n"
    ear = heard([raw, *[b"x"] * (PIECES_MAX - 1)])
    with pytest.raises(ProtocolError, match="answer-in-too-many-pieces"):
        ear.feed(b"x")
    answer = ear.response()

    assert answer is not None
    assert (answer.status, len(answer.body)) == (200, PIECES_MAX - 1)


@pytest.mark.parametrize(("raw", "answer"), PROPER.values(), ids=PROPER)
def test_a_connection_hears_one_answer_after_the_other(raw: bytes, answer: Response) -> None:
    ear = heard([raw])
    ear.begin()
    ear.feed(PLAIN)
    first = ear.response()
    ear.begin()
    ear.feed(raw)

    assert (first, ear.response()) == (OK, answer)


def complaint(ear: ResponseParser, parts: list[bytes]) -> str:
    """What the ear says is wrong, or nothing."""
    try:
        for part in parts:
            ear.feed(part)
    except ProtocolError as fault:
        return str(fault)
    return ""


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_whatever_comes_is_an_answer_or_is_said_to_be_none(first: bytes, second: bytes) -> None:
    assert "\n" not in complaint(ResponseParser(), [first, second])


@given(st.binary(min_size=1, max_size=100))
def test_an_answer_that_goes_on_is_heard_but_its_connection_is_not_kept(more: bytes) -> None:
    ear = heard([PLAIN + b"H" + more])

    assert ear.response() == OK
    assert (ear.complete, ear.keep_alive) == (True, False)


def test_the_start_of_another_answer_is_enough_to_give_up_the_connection() -> None:
    """Its rest would be taken for the answer to the next request."""
    assert not heard([PLAIN + b"H"]).keep_alive


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok",
        b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n",
    ],
    ids=["close", "1.0", "101"],
)
def test_an_answer_may_be_the_last_of_its_connection(raw: bytes) -> None:
    ear = heard([raw])

    assert (ear.complete, ear.keep_alive) == (True, False)


def test_a_body_without_length_is_open_until_the_end() -> None:
    ear = heard([b"HTTP/1.1 200 OK\r\n\r\n", b"half"])

    assert ear.response() == Response(200, b"", b"half", [])
    assert not ear.complete


@pytest.mark.parametrize("size", [300, 1000, 70_000])
def test_a_head_may_fill_the_limit_and_not_a_byte_more(size: int) -> None:
    just, over = head(ANSWER_BYTES_MAX), head(ANSWER_BYTES_MAX + 1)

    answer = heard(cut(just, range(0, len(just), size))).response()
    assert answer
    assert answer[:3] == (200, b"", b"")
    with pytest.raises(ProtocolError, match="answer-headers-too-large"):
        heard(cut(over, range(0, len(over), size)))


def test_interim_answers_count_towards_the_limit_of_heads() -> None:
    large = b"HTTP/1.1 103 Early Hints\r\nlink: " + b"x" * 8192 + b"\r\n\r\n"

    with pytest.raises(ProtocolError, match="answer-headers-too-large"):
        heard([large] * 10)


def test_so_many_interim_answers_may_come_and_not_one_more() -> None:
    assert heard([HINTS * INTERIM_MAX + PLAIN]).complete
    with pytest.raises(ProtocolError, match="more answers than requests"):
        heard([HINTS * (INTERIM_MAX + 1) + PLAIN])


@pytest.mark.parametrize("more", [0, 1, 100])
def test_of_a_body_the_start_is_kept(more: int) -> None:
    length = RESPONSE_BYTES_READ + more
    raw = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % length + b"x" * length
    ear = heard([raw])

    answer = ear.response()

    assert answer
    assert answer.body == b"x" * RESPONSE_BYTES_READ
    assert ear.complete


@pytest.mark.parametrize(
    "framing",
    [b"1;" + b"x" * 1000, b"0\r\n" + b"trailer: more\r\n" * 100, b"1\r\n"],
    ids=["extensions", "trailers", "a stall"],
)
def test_after_the_head_no_framing_undoes_an_answer(framing: bytes) -> None:
    ear = heard([b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"])
    try:
        for start in range(0, 2 * ANSWER_BYTES_MAX, 1000):
            ear.feed(framing if start == 0 else b"x" * 1000)
    except ProtocolError:
        pass

    answer = ear.response()
    assert answer is not None
    assert answer.status == 200
