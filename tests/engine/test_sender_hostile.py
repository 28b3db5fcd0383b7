"""Receivers that break off, drip, flood or change their mind, over real sockets and TLS."""

import asyncio
import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from reseller_webhooks.core.deliveries.attempts import Attempt, Reason
from reseller_webhooks.engine.sending.http1 import connection
from tests.receivers import behaviours as does
from tests.receivers.authority import Authority
from tests.receivers.receiver import HOST, LOOPBACK, Conversation
from tests.receivers.talking import SHORT_S, Talking, outgoing, talking_with

HEAD = b"HTTP/1.1 200 OK\r\nserver: x\r\ncontent-length: 7\r\n\r\n"
BODY = b"half of"
ANSWER = HEAD + BODY
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
ELSEWHERE, NOWHERE = "127.0.0.2", "127.0.0.3"


@pytest.fixture
def talking(authority: Authority, ca_file: Path) -> Talking:
    """A sender and a receiver that behaves as told."""
    return talking_with(authority, ca_file)


def at(*addresses: str) -> "Names":
    return Names(addresses)


class Names:
    """A name server that knows one answer."""

    def __init__(self, addresses: Sequence[str]) -> None:
        self._addresses = addresses

    async def __call__(self, _: str) -> Sequence[str]:
        return self._addresses


# --- answers that break off -----------------------------------------------------------------


def cut_off(attempt: Attempt, at: int) -> bool:
    """Whether this is right for an answer of which so many bytes came."""
    if at < len(HEAD):
        return (attempt.status, attempt.reason) == (None, Reason.CLOSED)
    return attempt.accepted and attempt.response == ANSWER[len(HEAD) : at].decode()


async def test_an_answer_may_break_off_at_any_byte(talking: Talking) -> None:
    places = range(len(ANSWER) + 1)
    async with talking(does.cuts(ANSWER, places)) as (sender, receiver):
        attempts = [await sender.send(outgoing(receiver.url())) for _ in places]

    assert [at for at in places if not cut_off(attempts[at], at)] == []
    assert receiver.connections == len(places)


async def test_an_answer_may_be_reset_at_any_byte(talking: Talking) -> None:
    """A reset may overtake what was said before it, so that less has come than went out."""
    places = range(len(ANSWER) + 1)
    async with talking(does.cuts(ANSWER, places, polite=False)) as (sender, receiver):
        attempts = [await sender.send(outgoing(receiver.url())) for _ in places]

    assert all(attempts[at].reason is Reason.CLOSED for at in places if at < len(HEAD))
    assert all(attempts[at].reason in (None, Reason.CLOSED) for at in places)


async def test_an_answer_on_a_used_connection_may_break_off_at_any_byte(talking: Talking) -> None:
    """From the first byte on the receiver has the request, and is not asked again."""
    places = range(1, len(ANSWER) + 1)
    waiting = list(places)

    async def cuts_the_second(talk: Conversation) -> None:
        await talk.request()
        await talk.answer(200)
        await talk.request()
        await talk.say(ANSWER[: waiting.pop(0)])

    async with talking(cuts_the_second) as (sender, receiver):
        attempts = [await sender.send(outgoing(receiver.url())) for _ in places for _ in "12"]

    assert all(attempt.accepted for attempt in attempts[::2])
    assert [at for at in places if not cut_off(attempts[2 * at - 1], at)] == []
    assert receiver.connections == len(places)


async def test_an_interim_answer_is_no_answer_when_nothing_follows(talking: Talking) -> None:
    raw = b"HTTP/1.1 100 Continue\r\n\r\n"
    async with talking(does.says_and_closes(raw)) as (sender, receiver):
        attempt = await sender.send(outgoing(receiver.url()))

    assert (attempt.status, attempt.reason) == (None, Reason.CLOSED)


# --- answers in pieces, early, and without end ----------------------------------------------


@pytest.mark.parametrize(
    "raw",
    [
        ANSWER,
        b"HTTP/1.1 100 Continue\r\n\r\n" + ANSWER,
        CHUNKED + b"4;a=b\r\nhalf\r\n3\r\n of\r\n0\r\nx: y\r\n\r\n",
    ],
    ids=["length", "interim", "chunks"],
)
async def test_an_answer_may_come_byte_by_byte(talking: Talking, raw: bytes) -> None:
    async with talking(does.drips(raw)) as (sender, receiver):
        attempts = [await sender.send(outgoing(receiver.url())) for _ in range(3)]

    assert [attempt.response for attempt in attempts] == [BODY.decode()] * 3
    assert receiver.connections == 1


async def test_a_receiver_that_answers_early_and_then_reads_on_keeps_its_connection(
    talking: Talking,
) -> None:
    async def answers_early(talk: Conversation) -> None:
        for _ in range(2):
            await talk.reader.readuntil(b"\r\n\r\n")
            await talk.answer(200)
            await talk.reader.readexactly(100_000)

    async with talking(answers_early) as (sender, receiver):
        attempts = [await sender.send(outgoing(receiver.url(), b"x" * 100_000)) for _ in "12"]

    assert all(attempt.accepted for attempt in attempts)
    assert receiver.connections == 1


@pytest.mark.parametrize(
    "start",
    [b"1;" + b"x" * 1000, b"0\r\nx: " + b"y" * 1000, b"1;x\r\nz\r\n" * 100],
    ids=["extensions", "trailers", "small chunks"],
)
async def test_framing_without_end_is_hung_up_on_after_2xx(talking: Talking, start: bytes) -> None:
    async def floods(talk: Conversation) -> None:
        await talk.request()
        await talk.say(CHUNKED)
        while True:
            await talk.say(start)
            start_ = start if start.endswith(b"\n") else b"x" * 1000
            await talk.say(start_)

    async with talking(floods) as (sender, receiver):
        attempt = await sender.send(outgoing(receiver.url()))
        await receiver.ended(1)

    assert attempt.accepted


async def test_an_answer_with_the_start_of_another_gives_up_its_connection(
    talking: Talking,
) -> None:
    """Else its rest would be the answer to the next request."""
    behaviour = does.in_turn(does.says(ANSWER + b"HTTP/1.1 2"), does.answers(500))
    async with talking(behaviour) as (sender, receiver):
        attempts = [await sender.send(outgoing(receiver.url())) for _ in range(2)]

    assert [attempt.status for attempt in attempts] == [200, 500]
    assert receiver.connections == 2


# --- deadlines and ends of connections ------------------------------------------------------


async def test_the_deadline_holds_on_a_used_connection_too(talking: Talking) -> None:
    async def answers_once(talk: Conversation) -> None:
        await talk.request()
        await talk.answer(200)
        await does.hangs(talk)

    async with talking(answers_once, timeout_s=SHORT_S) as (sender, receiver):
        attempts = [await sender.send(outgoing(receiver.url())) for _ in range(2)]

    assert (attempts[0].accepted, attempts[1].reason) == (True, Reason.TIMEOUT)
    assert SHORT_S * 1000 <= attempts[1].ms < 2 * SHORT_S * 1000
    assert receiver.connections == 1


async def test_an_idle_connection_is_closed_in_time(
    talking: Talking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "IDLE_S", 0.05)
    async with talking(does.answers()) as (sender, receiver):
        await sender.send(outgoing(receiver.url()))
        await receiver.ended(1)
        attempt = await sender.send(outgoing(receiver.url()))

    assert attempt.accepted
    assert receiver.connections == 2


async def test_closing_the_sender_ends_what_is_under_way(talking: Talking) -> None:
    async with talking(does.hangs) as (sender, receiver):
        task = asyncio.create_task(sender.send(outgoing(receiver.url())))
        await receiver.received(1)
        await sender.close()
        attempt = await task

    assert attempt.reason is Reason.CLOSED


async def test_no_answer_goes_to_anothers_request_when_some_give_up(talking: Talking) -> None:
    async with talking(does.echoes) as (sender, receiver):
        for turn in range(20):
            paths = [f"/{turn}/{number}" for number in range(8)]
            tasks = [
                asyncio.create_task(sender.send(outgoing(receiver.url(path)))) for path in paths
            ]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks[turn % 3 :: 2]:
                task.cancel()
            await asyncio.wait(tasks)
            answered = [
                (path, task.result().response)
                for path, task in zip(paths, tasks, strict=True)
                if not task.cancelled()
            ]

            assert all(path == response for path, response in answered)


async def test_one_that_gives_up_waiting_leaves_its_turn_to_the_next(talking: Talking) -> None:
    released = asyncio.Event()
    async with talking(does.when(released, does.answers()), limit=1) as (sender, receiver):
        first, hasty, patient = (
            asyncio.create_task(sender.send(outgoing(receiver.url()))) for _ in range(3)
        )
        await receiver.received(1)
        hasty.cancel()
        released.set()
        await asyncio.wait([first, hasty, patient])

    assert hasty.cancelled()
    assert first.result().accepted
    assert patient.result().accepted


async def test_a_receiver_that_wants_a_certificate_of_ours_fails(
    talking: Talking, authority: Authority, ca_file: Path
) -> None:
    context = authority.serves(HOST)
    context.load_verify_locations(ca_file)
    context.verify_mode = ssl.CERT_REQUIRED
    async with talking(does.answers(), tls=context) as (sender, receiver):
        attempt = await sender.send(outgoing(receiver.url()))

    assert attempt.reason in (Reason.TLS, Reason.CLOSED)  # its reset may overtake what it says
    assert not receiver.requests


# --- several addresses ----------------------------------------------------------------------


async def test_an_address_that_refuses_gives_way_to_the_next(talking: Talking) -> None:
    async with talking(does.answers(), resolve=at(ELSEWHERE, NOWHERE, LOOPBACK)) as (
        sender,
        receiver,
    ):
        attempt = await sender.send(outgoing(receiver.url()))

    assert attempt.accepted


@contextmanager
def full(address: str, port: int) -> Iterator[None]:
    """A port that takes connections up to its limit, and is there: the next ones hang."""
    with socket.socket() as listening, socket.socket() as one, socket.socket() as two:
        listening.bind((address, port))
        listening.listen(0)
        for each in (one, two):
            each.setblocking(False)
            each.connect_ex((address, port))
        yield


async def test_an_address_that_does_not_answer_is_not_waited_for(talking: Talking) -> None:
    async with talking(does.answers(), resolve=at(ELSEWHERE, LOOPBACK)) as (sender, receiver):
        with full(ELSEWHERE, receiver.port):
            attempt = await sender.send(outgoing(receiver.url()))

    assert attempt.accepted


async def test_when_no_address_takes_the_connection_the_last_reason_is_said(
    talking: Talking,
) -> None:
    async with talking(does.answers(), resolve=at(ELSEWHERE, NOWHERE)) as (sender, receiver):
        attempt = await sender.send(outgoing(receiver.url()))

    assert attempt.reason is Reason.CONNECT
    assert attempt.detail == f"cannot connect to {HOST}: connection refused"


async def test_of_many_addresses_only_some_are_tried(talking: Talking) -> None:
    many = [f"127.0.1.{number}" for number in range(1, 9)]
    async with talking(does.answers(), resolve=at(*many, LOOPBACK)) as (sender, receiver):
        attempt = await sender.send(outgoing(receiver.url()))

    assert attempt.reason is Reason.CONNECT
    assert receiver.connections == 0


async def test_a_receiver_may_have_an_ipv6_address(talking: Talking) -> None:
    async with talking(does.answers(), address="::1") as (sender, receiver):
        attempt = await sender.send(outgoing(receiver.url(host="[::1]")))
        (request,) = await receiver.received(1)

    assert attempt.accepted
    assert request.header("host") == f"[::1]:{receiver.port}"


async def test_a_name_with_both_kinds_of_address_is_reached_by_the_one_that_works(
    talking: Talking,
) -> None:
    async with talking(does.answers(), resolve=at("::1", "::1", LOOPBACK)) as (sender, receiver):
        attempt = await sender.send(outgoing(receiver.url()))

    assert attempt.accepted
