"""What receivers do, from polite to hostile. Each is told one connection."""

import asyncio
import gzip
import socket
import struct
from collections.abc import Sequence

from tests.receivers.receiver import Behaviour, Conversation

KIB = 1024


def answers(status: int = 200, body: bytes = b"", **headers: str) -> Behaviour:
    """Answers every request alike and keeps the connection."""

    async def behave(talk: Conversation) -> None:
        while await talk.request():
            await talk.answer(status, body, **headers)

    return behave


def by_turns(statuses: list[int]) -> Behaviour:
    """Another status for each request; the last one for all that follow, also when changed."""

    async def behave(talk: Conversation) -> None:
        while await talk.request():
            await talk.answer(statuses.pop(0) if len(statuses) > 1 else statuses[0])

    return behave


def says(raw: bytes) -> Behaviour:
    """Takes a request, writes these bytes and keeps quiet."""

    async def behave(talk: Conversation) -> None:
        await talk.request()
        await talk.say(raw)
        await talk.until_hung_up()

    return behave


def says_and_closes(raw: bytes) -> Behaviour:
    """Takes a request, writes these bytes and closes."""

    async def behave(talk: Conversation) -> None:
        await talk.request()
        await talk.say(raw)

    return behave


def in_turn(*behaviours: Behaviour) -> Behaviour:
    """Another behaviour for each connection; the last one for all that follow."""
    waiting = list(behaviours)

    async def behave(talk: Conversation) -> None:
        await (waiting.pop(0) if len(waiting) > 1 else waiting[0])(talk)

    return behave


def when(released: asyncio.Event, then: Behaviour) -> Behaviour:
    """Takes a request and holds it until the event, then goes on as told."""

    async def behave(talk: Conversation) -> None:
        await talk.request()
        await released.wait()
        await talk.answer(200)
        await then(talk)

    return behave


async def hangs(talk: Conversation) -> None:
    """Takes a request and never answers."""
    await talk.request()
    await talk.until_hung_up()


async def never_reads(talk: Conversation) -> None:
    """Accepts a connection and reads nothing from it."""
    talk.writer.transport.pause_reading()  # type: ignore[attr-defined]
    await asyncio.Event().wait()


async def closes_at_once(_: Conversation) -> None:
    """Closes before a request."""


async def closes_unanswered(talk: Conversation) -> None:
    """Takes a request and closes."""
    await talk.request()


async def resets_unanswered(talk: Conversation) -> None:
    """Takes a request and resets the connection."""
    await talk.request()
    _reset(talk)


async def reads_a_little_and_resets(talk: Conversation) -> None:
    """Resets the connection at the first byte."""
    await talk.reader.read(1)
    _reset(talk)


async def answers_one_per_connection(talk: Conversation) -> None:
    """Answers the first request and drops the second, as a connection closed while idle does."""
    await talk.request()
    await talk.answer(200)
    await talk.request()


async def answers_before_reading_the_body(talk: Conversation) -> None:
    """Answers as soon as it has seen the headers."""
    await talk.reader.readuntil(b"\r\n\r\n")
    await talk.answer(413, b"too large", connection="close")
    await talk.until_hung_up()


async def streams_without_end(talk: Conversation) -> None:
    """Answers 200 and a body that never ends, as fast as it is taken."""
    await talk.request()
    await talk.say(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        await talk.say(b"x" * 64 * KIB)


async def chunks_without_end(talk: Conversation) -> None:
    """The same, chunked."""
    await talk.request()
    await talk.say(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
    while True:
        await talk.say(b"10000\r\n" + b"x" * 64 * KIB + b"\r\n")


async def headers_without_end(talk: Conversation) -> None:
    """Writes header after header."""
    await talk.request()
    await talk.say(b"HTTP/1.1 200 OK\r\n")
    while True:
        await talk.say(b"x-more: and more\r\n" * KIB)


async def continues_without_end(talk: Conversation) -> None:
    """Announces an answer for ever."""
    await talk.request()
    while True:
        await talk.say(b"HTTP/1.1 103 Early Hints\r\n\r\n" * KIB)


def bomb() -> bytes:
    """64 MB of zeros in 64 KB, with the headers that make clients unpack them."""
    packed = gzip.compress(bytes(64 * KIB * KIB))
    head = f"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {len(packed)}\r\n\r\n"
    return head.encode() + packed


def drips(raw: bytes) -> Behaviour:
    """Takes every request and answers with these bytes, one by one."""

    async def behave(talk: Conversation) -> None:
        while await talk.request():
            for byte in raw:
                await talk.say(bytes([byte]))

    return behave


def cuts(raw: bytes, at: Sequence[int], *, polite: bool = True) -> Behaviour:
    """Answers so many bytes and closes or resets; for each connection another number."""
    waiting = list(at)

    async def behave(talk: Conversation) -> None:
        await talk.request()
        await talk.say(raw[: waiting.pop(0)])
        if not polite:
            _reset(talk)

    return behave


async def echoes(talk: Conversation) -> None:
    """Answers with the path that was asked for."""
    while request := await talk.request():
        await talk.answer(200, request.path.encode())


def _reset(talk: Conversation) -> None:
    raw: socket.socket = talk.writer.get_extra_info("socket")
    linger = struct.pack("ii", 1, 0)
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    talk.writer.transport.abort()
