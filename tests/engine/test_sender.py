import asyncio
import socket
import ssl
from collections.abc import Sequence
from pathlib import Path

import pytest

from reseller_webhooks.core.deliveries.attempts import (
    RESPONSE_BYTES_READ,
    RESPONSE_CHARS_KEPT,
    Attempt,
    Outcome,
    Outgoing,
    Reason,
)
from reseller_webhooks.core.errors import Refused
from reseller_webhooks.core.webhooks.ip_policy import ONLY_PUBLIC
from reseller_webhooks.engine.sending.sender import Sender
from tests.receivers import behaviours as does
from tests.receivers.authority import Authority
from tests.receivers.receiver import HOST, LOOPBACK, Behaviour, Conversation
from tests.receivers.talking import HEADERS, SHORT_S, Talking, outgoing, talking_with


@pytest.fixture
def talking(authority: Authority, ca_file: Path) -> Talking:
    """A sender and a receiver that behaves as told."""
    return talking_with(authority, ca_file)


# --- what goes out, and what counts ---------------------------------------------------------


async def test_headers_go_out_as_given_and_with_nothing_but_host_and_length(
    talking: Talking,
) -> None:
    async with talking(does.answers()) as (sender, receiver):
        await sender.send(outgoing(receiver.url()))
        (request,) = await receiver.received(1)

    added = {"host": f"{HOST}:{receiver.port}", "content-length": "7"}
    assert dict(request.headers) == {**HEADERS, **added}
    assert (request.method, request.body) == ("POST", b'{"a":1}')


async def test_the_path_goes_out_as_it_was_entered(talking: Talking) -> None:
    path = "/a/../b//%7Euser/%2f?sig=a%2Bb%20c+d&to=x@y:z&q=%E4"
    async with talking(does.answers()) as (sender, receiver):
        await sender.send(outgoing(receiver.url(path)))
        (request,) = await receiver.received(1)

    assert request.path == path


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
async def test_every_2xx_is_success(talking: Talking, status: int) -> None:
    async with talking(does.answers(status)) as (sender, receiver):
        attempt = await sender.send(outgoing(receiver.url()))

    assert attempt.accepted
    assert (attempt.status, attempt.reason, attempt.detail) == (status, None, "")


@pytest.mark.parametrize("status", [400, 401, 410, 500, 599, 999])
async def test_any_other_status_fails_and_shows_the_answer(talking: Talking, status: int) -> None:
    async with talking(does.answers(status, "no: ü".encode())) as (sender, receiver):
        attempt = await sender.send(outgoing(receiver.url()))

    assert (attempt.outcome, attempt.reason) == (Outcome.FAILED, Reason.STATUS)
    assert attempt.response == "no: ü"
    assert f"answered {status}" in attempt.detail


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308, 304])
async def test_a_redirect_fails_and_is_not_followed(talking: Talking, status: int) -> None:
    async with talking(does.answers(status, location="/elsewhere")) as (sender, receiver):
        attempt = await sender.send(outgoing(receiver.url()))

    assert (attempt.outcome, attempt.reason) == (Outcome.FAILED, Reason.REDIRECT)
    assert [request.path for request in receiver.requests] == ["/in"]


async def test_a_switch_of_protocols_is_no_success(talking: Talking) -> None:
    raw = b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n"
    async with talking(does.says(raw)) as (sender, receiver):
        attempt = await sender.send(outgoing(receiver.url()))

    assert (attempt.status, attempt.outcome) == (101, Outcome.FAILED)


async def test_interim_answers_are_passed_over(talking: Talking) -> None:
    raw = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n"
    final = b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n"
    async with talking(does.says(raw + final)) as (sender, receiver):
        attempt = await sender.send(outgoing(receiver.url()))

    assert attempt.status == 202


async def test_retry_after_is_handed_on(talking: Talking) -> None:
    async with talking(does.answers(503, retry_after="120")) as (sender, receiver):
        attempt = await sender.send(outgoing(receiver.url()))

    assert attempt.retry_after_s == 120


async def test_cookies_are_not_sent_back(talking: Talking) -> None:
    async with talking(does.answers(set_cookie="a=b; Path=/")) as (sender, receiver):
        for _ in range(2):
            await sender.send(outgoing(receiver.url()))
        first, second = await receiver.received(2)

    assert first.headers == second.headers


async def test_proxies_in_the_environment_are_not_used(
    talking: Talking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    async with talking(does.answers()) as (sender, receiver):
        attempt = await sender.send(outgoing(receiver.url()))

    assert attempt.accepted


async def test_an_early_answer_is_the_answer(talking: Talking) -> None:
    async with talking(does.answers_before_reading_the_body) as (sender, receiver):
        attempt = await sender.send(outgoing(receiver.url(), b"x" * 1024 * 1024))

    assert (attempt.status, attempt.response) == (413, "too large")


# --- what comes back ------------------------------------------------------------------------


async def test_the_start_of_a_long_answer_is_kept(talking: Talking) -> None:
    async with talking(does.answers(200, b"\0" + b"x" * 100_000)) as (sender, receiver):
        attempt, body = await sender.fetch(outgoing(receiver.url()))

    assert attempt.response == "x" * RESPONSE_CHARS_KEPT
    assert len(body) == RESPONSE_BYTES_READ


@pytest.mark.parametrize("behaviour", [does.streams_without_end, does.chunks_without_end])
async def test_of_an_endless_body_a_little_is_read_and_the_connection_dropped(
    talking: Talking, behaviour: Behaviour
) -> None:
    async with talking(behaviour) as (sender, receiver):
        attempt, body = await sender.fetch(outgoing(receiver.url()))
        await receiver.ended(1)

    assert attempt.accepted
    assert len(body) == RESPONSE_BYTES_READ


async def test_a_compressed_answer_is_not_unpacked(talking: Talking) -> None:
    async with talking(does.says(does.bomb())) as (sender, receiver):
        attempt, body = await sender.fetch(outgoing(receiver.url()))

    assert attempt.accepted
    assert body.startswith(b"\x1f\x8b")
    assert len(body) == RESPONSE_BYTES_READ


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        b"HTTP/1.1 200 OK\r\n\r\nhalf",
    ],
    ids=["length", "chunked", "until closed"],
)
async def test_a_body_that_stalls_after_2xx_is_still_success(talking: Talking, raw: bytes) -> None:
    async with talking(does.says(raw), timeout_s=SHORT_S) as (sender, receiver):
        attempt = await sender.send(outgoing(receiver.url()))

    assert attempt.accepted
    assert attempt.response == "half"


async def test_a_body_that_breaks_off_after_2xx_is_still_success(talking: Talking) -> None:
    raw = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf"
    async with talking(does.says_and_closes(raw)) as (sender, receiver):
        attempt = await sender.send(outgoing(receiver.url()))

    assert attempt.accepted
    assert attempt.response == "half"


async def test_a_body_that_stalls_after_500_fails_with_that_status(talking: Talking) -> None:
    raw = b"HTTP/1.1 500 Oops\r\ncontent-length: 100\r\n\r\nhalf"
    async with talking(does.says(raw), timeout_s=SHORT_S) as (sender, receiver):
        attempt = await sender.send(outgoing(receiver.url()))

    assert (attempt.status, attempt.reason) == (500, Reason.STATUS)


# --- receivers that do not answer -----------------------------------------------------------


def failed(attempt: Attempt, reason: Reason, detail: str) -> bool:
    """For assertions that show the attempt when they fail."""
    assert (attempt.outcome, attempt.status, attempt.reason) == (Outcome.FAILED, None, reason)
    assert attempt.detail == detail
    return True


@pytest.mark.parametrize("behaviour", [does.hangs, does.never_reads])
async def test_a_receiver_that_does_not_answer_runs_into_the_deadline(
    talking: Talking, behaviour: Behaviour
) -> None:
    async with talking(behaviour, timeout_s=SHORT_S) as (sender, receiver):
        attempt = await sender.send(outgoing(receiver.url(), b"x" * 1024 * 1024))

    assert failed(attempt, Reason.TIMEOUT, f"no answer from {HOST} within {SHORT_S} s")
    assert attempt.ms >= SHORT_S * 1000


async def test_a_receiver_that_announces_its_answer_for_ever_is_cut_off(talking: Talking) -> None:
    async with talking(does.continues_without_end) as (sender, receiver):
        attempt = await sender.send(outgoing(receiver.url()))
        await receiver.ended(1)

    what = "more answers than requests"
    assert failed(attempt, Reason.PROTOCOL, f"the answer of {HOST} is not HTTP/1.1: {what}")


async def test_a_receiver_that_never_ends_its_headers_runs_into_the_deadline(
    talking: Talking,
) -> None:
    raw = b"HTTP/1.1 200 OK\r\ncontent-"
    async with talking(does.says(raw), timeout_s=SHORT_S) as (sender, receiver):
        attempt = await sender.send(outgoing(receiver.url()))

    assert failed(attempt, Reason.TIMEOUT, f"no answer from {HOST} within {SHORT_S} s")


async def test_a_port_that_never_begins_tls_runs_into_the_deadline(talking: Talking) -> None:
    async with talking(does.hangs, tls=None, timeout_s=SHORT_S) as (sender, receiver):
        attempt = await sender.send(outgoing(receiver.url()))

    assert failed(attempt, Reason.TIMEOUT, f"no connection to {HOST} within {SHORT_S} s")


async def test_a_name_server_that_does_not_answer_runs_into_the_deadline(
    talking: Talking,
) -> None:
    async def silent(_: str) -> Sequence[str]:
        await asyncio.Event().wait()
        return []

    async with talking(does.hangs, resolve=silent, timeout_s=SHORT_S) as (sender, receiver):
        attempt = await sender.send(outgoing(receiver.url()))

    assert failed(attempt, Reason.TIMEOUT, f"no connection to {HOST} within {SHORT_S} s")


async def test_a_name_that_does_not_exist_is_said(talking: Talking) -> None:
    async def unknown(_: str) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    async with talking(does.answers(), resolve=unknown) as (sender, receiver):
        attempt = await sender.send(outgoing(receiver.url()))

    assert failed(attempt, Reason.DNS, f"no address found for {HOST}: name or service not known")


async def test_a_closed_port_is_said(talking: Talking) -> None:
    with socket.socket() as unused:  # bound, so that nobody else listens there
        unused.bind((LOOPBACK, 0))
        async with talking(does.answers()) as (sender, _):
            attempt = await sender.send(outgoing(f"https://{HOST}:{unused.getsockname()[1]}/"))

    assert attempt.reason is Reason.CONNECT
    assert attempt.detail.startswith(f"cannot connect to {HOST}: ")
    assert "refused" in attempt.detail


@pytest.mark.parametrize(
    "behaviour", [does.closes_at_once, does.closes_unanswered, does.resets_unanswered]
)
async def test_a_receiver_that_hangs_up_is_said_and_not_asked_again(
    talking: Talking, behaviour: Behaviour
) -> None:
    async with talking(behaviour) as (sender, receiver):
        attempt = await sender.send(outgoing(receiver.url()))

    assert failed(attempt, Reason.CLOSED, f"{HOST} closed the connection before it answered")
    assert receiver.connections == 1


@pytest.mark.parametrize(
    "raw",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"\x00\x00\x12\x04\x00\x00\x00\x00\x00",
        b"HTTP/1.1 abc OK\r\n\r\n",
    ],
    ids=["ssh", "http2", "status"],
)
async def test_an_answer_that_is_no_http_is_said(talking: Talking, raw: bytes) -> None:
    async with talking(does.says(raw)) as (sender, receiver):
        attempt = await sender.send(outgoing(receiver.url()))
        await receiver.ended(1)

    assert (attempt.outcome, attempt.reason) == (Outcome.FAILED, Reason.PROTOCOL)
    assert attempt.detail.startswith(f"the answer of {HOST} is not HTTP/1.1: ")
    assert "\n" not in attempt.detail


ODD_HEADS = {
    "negative length": b"content-length: -5\r\n\r\n",
    "equal lengths": b"content-length: 2\r\ncontent-length: 2\r\n\r\nok",
    "two lengths": b"content-length: 5\r\ncontent-length: 6\r\n\r\n",
    "folded": b"x-a: one\r\n two\r\ncontent-length: 2\r\n\r\nok",
    "chunked with length": b"transfer-encoding: chunked\r\ncontent-length: 2\r\n\r\n"
    b"2\r\nok\r\n0\r\n\r\n",
    "bare line feed": b"x-a: one\ncontent-length: 2\n\nok",
    "no colon": b"no colon\r\n\r\n",
    "name not ascii": "größe: 1\r\ncontent-length: 2\r\n\r\nok".encode(),
    "chunks": b"transfer-encoding: chunked\r\n\r\nzz\r\n",
}


@pytest.mark.parametrize("head", ODD_HEADS.values(), ids=ODD_HEADS)
@pytest.mark.parametrize(("status", "accepted"), [(200, True), (503, False)])
async def test_the_status_line_decides_where_the_rest_is_not_http(
    talking: Talking, head: bytes, status: int, accepted: bool
) -> None:
    raw = b"HTTP/1.1 %d Whatever\r\n%s" % (status, head)
    async with talking(does.says(raw)) as (sender, receiver):
        attempt = await sender.send(outgoing(receiver.url()))
        if attempt.note:
            await receiver.ended(1)

    assert (attempt.accepted, attempt.status) == (accepted, status)
    assert str(attempt.note or "the answer is not valid HTTP").startswith("the answer is not valid")


async def test_an_odd_answer_after_an_interim_one_is_read(talking: Talking) -> None:
    raw = b"HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 200 OK\r\nno colon\r\n\r\n"
    async with talking(does.says(raw)) as (sender, receiver):
        attempt = await sender.send(outgoing(receiver.url()))
        await receiver.ended(1)

    assert (attempt.accepted, attempt.note is not None) == (True, True)


@pytest.mark.parametrize(
    "behaviour",
    [does.headers_without_end, does.says(b"HTTP/1.1 200 OK\r\nx: " + b"y" * 100_000)],
    ids=["many", "long"],
)
async def test_headers_without_end_are_cut_off(talking: Talking, behaviour: Behaviour) -> None:
    async with talking(behaviour) as (sender, receiver):
        attempt = await sender.send(outgoing(receiver.url()))
        await receiver.ended(1)

    assert attempt.reason is Reason.PROTOCOL
    assert "header" in attempt.detail


# --- TLS ------------------------------------------------------------------------------------


async def test_an_expired_certificate_is_said(talking: Talking, authority: Authority) -> None:
    async with talking(does.answers(), tls=authority.expired(HOST)) as (sender, receiver):
        attempt = await sender.send(outgoing(receiver.url()))

    assert failed(attempt, Reason.TLS, f"the certificate of {HOST} has expired")
    assert not receiver.requests


async def test_a_certificate_from_the_future_is_said(
    talking: Talking, authority: Authority
) -> None:
    async with talking(does.answers(), tls=authority.not_valid_yet(HOST)) as (sender, receiver):
        attempt = await sender.send(outgoing(receiver.url()))

    assert failed(attempt, Reason.TLS, f"the certificate of {HOST} is not valid yet")


async def test_a_certificate_for_another_name_is_said(
    talking: Talking, authority: Authority
) -> None:
    async with talking(does.answers(), tls=authority.serves("other.test")) as (sender, receiver):
        attempt = await sender.send(outgoing(receiver.url()))

    assert failed(attempt, Reason.TLS, f"the certificate of {HOST} is for another name")


async def test_a_certificate_for_another_address_is_said(
    talking: Talking, authority: Authority
) -> None:
    async with talking(does.answers(), tls=authority.serves("127.0.0.9")) as (sender, receiver):
        attempt = await sender.send(outgoing(receiver.url(host=LOOPBACK)))

    assert failed(attempt, Reason.TLS, f"the certificate of {LOOPBACK} is for another address")


async def test_a_self_signed_certificate_is_said_with_the_remedy(
    talking: Talking, authority: Authority
) -> None:
    async with talking(does.answers(), tls=authority.self_signed()) as (sender, receiver):
        attempt = await sender.send(outgoing(receiver.url()))

    assert attempt.detail.startswith(f"the certificate of {HOST} is self-signed; ")
    assert "RESELLER_WEBHOOKS_CA_FILE" in attempt.detail


async def test_an_authority_that_nobody_named_is_not_trusted(talking: Talking) -> None:
    stranger = Authority().serves(HOST)
    async with talking(does.answers(), tls=stranger) as (sender, receiver):
        attempt = await sender.send(outgoing(receiver.url()))

    assert attempt.reason is Reason.TLS
    assert "comes from an authority that is not trusted" in attempt.detail


async def test_without_a_ca_file_only_the_systems_authorities_are_trusted(
    talking: Talking,
) -> None:
    async with talking(does.answers(), ca_file=None) as (sender, receiver):
        attempt = await sender.send(outgoing(receiver.url()))

    assert attempt.reason is Reason.TLS


async def test_a_receiver_that_only_speaks_old_tls_is_said(
    talking: Talking, authority: Authority
) -> None:
    context = authority.serves(HOST)
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    async with talking(does.answers(), tls=context) as (sender, receiver):
        attempt = await sender.send(outgoing(receiver.url()))

    assert attempt.reason in (Reason.TLS, Reason.CLOSED)  # the receiver may say why, or hang up
    assert receiver.connections == 0


async def test_a_port_that_speaks_no_tls_is_said(talking: Talking) -> None:
    async def speaks_plainly(talk: Conversation) -> None:
        await talk.reader.read(1)
        await talk.say(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")
        await talk.until_hung_up()

    async with talking(speaks_plainly, tls=None) as (sender, receiver):
        attempt = await sender.send(outgoing(receiver.url()))

    assert failed(attempt, Reason.TLS, f"{HOST} does not speak TLS on this port")


@pytest.mark.parametrize("behaviour", [does.closes_at_once, does.reads_a_little_and_resets])
async def test_a_port_that_closes_while_tls_begins_is_said(
    talking: Talking, behaviour: Behaviour
) -> None:
    async with talking(behaviour, tls=None) as (sender, receiver):
        attempt = await sender.send(outgoing(receiver.url()))

    assert failed(attempt, Reason.CLOSED, f"{HOST} closed the connection while TLS began")


@pytest.mark.parametrize("text", [None, "no certificate"])
def test_a_ca_file_that_cannot_be_used_is_refused_at_the_start(
    tmp_path: Path, text: str | None
) -> None:
    path = tmp_path / "ca.pem"
    if text is not None:
        path.write_text(text)

    with pytest.raises(Refused, match="RESELLER_WEBHOOKS_CA_FILE names"):
        Sender(ca_file=path)


# --- addresses ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "address"),
    [
        (HOST, LOOPBACK),
        (LOOPBACK, LOOPBACK),
        ("localhost", LOOPBACK),
        ("[::1]", "::1"),
        ("[::ffff:127.0.0.1]", "::ffff:7f00:1"),
    ],
)
async def test_a_forbidden_address_is_refused_before_a_connection(
    talking: Talking, host: str, address: str
) -> None:
    async with talking(does.answers(), networks=ONLY_PUBLIC) as (sender, receiver):
        attempt = await sender.send(outgoing(receiver.url(host=host)))

    assert (attempt.outcome, attempt.reason) == (Outcome.REFUSED, Reason.FORBIDDEN_ADDRESS)
    is_name = host in {"receiver.test", "localhost"}
    assert ("does not lead to a public address" in attempt.detail) is is_name
    assert (f"address {address}" in attempt.detail) is not is_name
    assert receiver.connections == 0


@pytest.mark.parametrize(
    "url",
    [
        "http://receiver.test/",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://user:s3cret@receiver.test/",
        "nonsense",
    ],
)
async def test_a_url_that_should_not_have_been_stored_is_refused(
    talking: Talking, url: str
) -> None:
    async with talking(does.answers()) as (sender, _):
        attempt = await sender.send(outgoing(url))

    assert (attempt.outcome, attempt.reason) == (Outcome.REFUSED, Reason.FORBIDDEN_URL)
    assert "s3cret" not in attempt.detail


# --- connections ----------------------------------------------------------------------------


async def test_a_connection_is_used_again(talking: Talking) -> None:
    async with talking(does.answers(200, b"thanks")) as (sender, receiver):
        for _ in range(5):
            await sender.send(outgoing(receiver.url()))

    assert (len(receiver.requests), receiver.connections) == (5, 1)


async def test_a_receiver_that_says_close_gets_a_new_connection(talking: Talking) -> None:
    async with talking(does.answers(connection="close")) as (sender, receiver):
        attempts = [await sender.send(outgoing(receiver.url())) for _ in range(2)]

    assert all(attempt.accepted for attempt in attempts)
    assert receiver.connections == 2


async def test_a_reused_connection_that_was_closed_is_tried_once_more_on_a_fresh_one(
    talking: Talking,
) -> None:
    async with talking(does.answers_one_per_connection) as (sender, receiver):
        attempts = [await sender.send(outgoing(receiver.url())) for _ in range(2)]

    assert all(attempt.accepted for attempt in attempts)
    assert (len(receiver.requests), receiver.connections) == (3, 2)


async def test_the_second_try_takes_no_other_kept_connection(talking: Talking) -> None:
    """After a receiver's restart all that were kept are closed alike."""
    both = asyncio.Event()
    async with talking(does.when(both, does.closes_unanswered)) as (sender, receiver):
        first = [asyncio.create_task(sender.send(outgoing(receiver.url()))) for _ in range(2)]
        await receiver.received(2)
        both.set()
        await asyncio.gather(*first)
        attempt = await sender.send(outgoing(receiver.url()))

    assert attempt.accepted
    assert (len(receiver.requests), receiver.connections) == (4, 3)


async def test_a_receiver_that_breaks_off_its_answer_is_not_asked_again(
    talking: Talking,
) -> None:
    async def breaks_off(talk: Conversation) -> None:
        await talk.request()
        await talk.answer(200)
        await talk.request()
        await talk.say(b"HTTP/1.1 2")

    async with talking(breaks_off) as (sender, receiver):
        attempts = [await sender.send(outgoing(receiver.url())) for _ in range(2)]

    assert attempts[1].reason is Reason.CLOSED
    assert receiver.connections == 1


async def test_an_answer_that_came_before_the_request_is_nobodys(talking: Talking) -> None:
    speak, spoken = asyncio.Event(), asyncio.Event()

    async def speaks_unasked(talk: Conversation) -> None:
        await talk.request()
        await talk.answer(200)
        await speak.wait()
        await talk.answer(200, b"unasked")
        spoken.set()
        await talk.until_hung_up()

    behaviour = does.in_turn(speaks_unasked, does.answers(500))
    async with talking(behaviour) as (sender, receiver):
        await sender.send(outgoing(receiver.url()))
        speak.set()
        await spoken.wait()
        await sender.send(outgoing(receiver.url(host=LOOPBACK)))  # so that the bytes are here
        attempt = await sender.send(outgoing(receiver.url()))

    assert attempt.status == 500


async def test_a_receiver_that_goes_on_talking_is_hung_up_on(talking: Talking) -> None:
    async def chatters(talk: Conversation) -> None:
        await talk.request()
        while True:
            await talk.answer(200)

    async with talking(chatters) as (sender, receiver):
        attempt = await sender.send(outgoing(receiver.url()))
        await receiver.ended(1)

    assert attempt.accepted


async def test_requests_beyond_the_limit_wait_outside_their_deadline(talking: Talking) -> None:
    released = asyncio.Event()
    async with talking(does.when(released, does.answers()), limit=1) as (sender, receiver):
        tasks = [asyncio.create_task(sender.send(outgoing(receiver.url()))) for _ in range(3)]
        await receiver.received(1)
        at_once = len(receiver.requests)
        released.set()
        attempts = await asyncio.gather(*tasks)

    assert at_once == 1
    assert all(attempt.accepted for attempt in attempts)


async def test_many_hosts_do_not_keep_more_connections_than_the_limit(
    talking: Talking, authority: Authority
) -> None:
    names = [f"{number}.receiver.test" for number in range(12)]
    everyone = authority.serves("*.receiver.test")
    async with talking(does.answers(), tls=everyone, limit=4) as (sender, receiver):
        for name in names:
            assert (await sender.send(outgoing(receiver.url(host=name)))).accepted
        await receiver.ended(len(names) - 4)
        again = [await sender.send(outgoing(receiver.url(host=name))) for name in names[:4]]

    assert all(attempt.accepted for attempt in again)
    assert receiver.connections == len(names)


# --- the seam itself ------------------------------------------------------------------------


async def test_cancelling_a_send_ends_it_and_its_connection(talking: Talking) -> None:
    async with talking(does.hangs) as (sender, receiver):
        task = asyncio.create_task(sender.send(outgoing(receiver.url())))
        await receiver.received(1)
        task.cancel()
        await asyncio.wait([task])
        await receiver.ended(1)

    assert task.cancelled()


async def test_what_we_ourselves_do_wrong_is_an_attempt_without_secrets(
    talking: Talking, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = {"x-appdirect-webhook-token": "s3cret\r\nx: y"}
    async with talking(does.answers()) as (sender, receiver):
        attempt = await sender.send(Outgoing(receiver.url(), broken, b""))

    assert (attempt.outcome, attempt.reason) == (Outcome.FAILED, Reason.PROTOCOL)
    assert "s3cret" not in attempt.detail + "".join(capsys.readouterr())


async def test_a_failure_leaves_the_sender_fit_for_the_next(talking: Talking) -> None:
    async with talking(does.in_turn(does.closes_unanswered, does.answers())) as (sender, receiver):
        attempts = [await sender.send(outgoing(receiver.url())) for _ in range(2)]

    assert [attempt.accepted for attempt in attempts] == [False, True]


@pytest.mark.parametrize("status", [200, 503])
async def test_of_every_answer_the_headers_are_kept_but_no_secret(
    talking: Talking, status: int
) -> None:
    does_so = does.answers(status, retry_after="120", set_cookie="a=b", x_auth_token="t0ken")
    async with talking(does_so) as (sender, receiver):
        attempt = await sender.send(outgoing(receiver.url()))

    assert attempt.headers is not None
    assert attempt.headers["retry-after"] == "120"
    assert not {"set-cookie", "x-auth-token"} & attempt.headers.keys()
