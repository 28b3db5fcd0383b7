"""Against django-oauth-toolkit where it can say it, against scripted answers where it cannot."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from ipaddress import ip_network
from pathlib import Path

import pytest

from reseller_webhooks.core.deliveries.attempts import Attempt, Outcome, Outgoing, Reason
from reseller_webhooks.core.deliveries.delivery import State
from reseller_webhooks.core.webhooks.ip_policy import TargetNetworks
from reseller_webhooks.core.webhooks.webhook import ClientCredentialsAuth, OAuth2, PasswordAuth
from reseller_webhooks.engine.sending.sender import Sender
from reseller_webhooks.engine.sending.token_cache import TokenCache
from tests.engine.engine_fixture import Make
from tests.receivers import behaviours as does
from tests.receivers.authority import Authority
from tests.receivers.oauth2 import OAuth2Server, oauth2_server
from tests.receivers.oauth2_server import CREDENTIALS_CLIENT, LIFE_S, PASSWORD_CLIENT, USER
from tests.receivers.receiver import (
    HOST,
    Behaviour,
    Conversation,
    Receiver,
    everything_is_here,
)

WEBHOOK = 7
TOKEN_PATH = "/o/token/"


class Hours:
    """A monotonic clock that tests move."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture(scope="module")
def _server(
    authority: Authority, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OAuth2Server]:
    with oauth2_server(authority, tmp_path_factory.mktemp("oauth2")) as server:
        yield server


@pytest.fixture
def server(_server: OAuth2Server) -> OAuth2Server:
    _server.forget()
    return _server


@pytest.fixture
async def sender(ca_file: Path) -> AsyncIterator[Sender]:
    networks = TargetNetworks((ip_network("127.0.0.0/8"),))
    async with Sender(ca_file=ca_file, networks=networks, resolve=everything_is_here) as sender:
        yield sender


def by_password(url: str, *, password: str = USER[1], scope: str | None = None) -> PasswordAuth:
    name, secret = PASSWORD_CLIENT
    return PasswordAuth(
        token_url=url,
        client_id=name,
        client_secret=secret,
        username=USER[0],
        password=password,
        scope=scope,
    )


def by_client(url: str, *, secret: str = CREDENTIALS_CLIENT[1]) -> ClientCredentialsAuth:
    return ClientCredentialsAuth(
        token_url=url, client_id=CREDENTIALS_CLIENT[0], client_secret=secret
    )


async def notify(sender: Sender, url: str, token: str | Attempt) -> Attempt:
    headers = {"content-type": "application/json", "authorization": f"Bearer {token}"}
    return await sender.send(Outgoing(url, headers, b"{}"))


# --- with a real server ---------------------------------------------------------------------


async def test_a_token_is_fetched_once_and_opens_the_target(
    server: OAuth2Server, sender: Sender
) -> None:
    tokens, auth = TokenCache(sender), by_password(server.token_url)

    attempts = [
        await notify(sender, server.target, await tokens.bearer(WEBHOOK, auth)) for _ in range(3)
    ]

    assert [attempt.status for attempt in attempts] == [201, 201, 201]
    assert server.statuses(TOKEN_PATH) == [200]


async def test_the_client_credentials_grant_opens_the_target(
    server: OAuth2Server, sender: Sender
) -> None:
    token = await TokenCache(sender).bearer(WEBHOOK, by_client(server.token_url))

    assert (await notify(sender, server.target, token)).status == 201


async def test_a_token_is_replaced_a_minute_before_it_expires(
    server: OAuth2Server, sender: Sender
) -> None:
    hours = Hours()
    tokens, auth = TokenCache(sender, monotonic_s=hours), by_password(server.token_url)
    first = await tokens.bearer(WEBHOOK, auth)
    hours.now_s += LIFE_S - 61
    again = await tokens.bearer(WEBHOOK, auth)
    hours.now_s += 2
    second = await tokens.bearer(WEBHOOK, auth)

    assert first == again != second
    assert server.statuses(TOKEN_PATH) == [200, 200]
    assert (await notify(sender, server.target, second)).status == 201


async def test_a_wrong_password_is_said(server: OAuth2Server, sender: Sender) -> None:
    auth = by_password(server.token_url, password="wrong one")

    attempt = await TokenCache(sender).bearer(WEBHOOK, auth)

    assert isinstance(attempt, Attempt)
    assert (attempt.outcome, attempt.reason, attempt.status) == (
        Outcome.FAILED,
        Reason.OAUTH2,
        None,
    )
    assert attempt.detail.startswith(
        "token request answered 400 invalid_grant: wrong username or password ("
    )
    assert "wrong one" not in attempt.detail


async def test_a_wrong_client_secret_is_said(server: OAuth2Server, sender: Sender) -> None:
    attempt = await TokenCache(sender).bearer(WEBHOOK, by_client(server.token_url, secret="wrong"))

    assert isinstance(attempt, Attempt)
    assert attempt.detail.startswith(
        "token request answered 401 invalid_client: wrong client ID or client secret"
    )


async def test_a_scope_that_is_not_offered_is_said(server: OAuth2Server, sender: Sender) -> None:
    attempt = await TokenCache(sender).bearer(WEBHOOK, by_password(server.token_url, scope="sing"))

    assert isinstance(attempt, Attempt)
    assert attempt.detail.startswith("token request answered 400 invalid_scope: the scope is not")


async def test_a_token_that_the_target_refused_is_forgotten(
    server: OAuth2Server, sender: Sender
) -> None:
    tokens, auth = TokenCache(sender), by_password(server.token_url)
    first = await tokens.bearer(WEBHOOK, auth)
    assert isinstance(first, str)
    server.revoke()
    refused = await notify(sender, server.target, first)
    tokens.forget(WEBHOOK, first)
    second = await tokens.bearer(WEBHOOK, auth)

    assert refused.status == 401
    assert (await notify(sender, server.target, second)).status == 201


async def test_a_revoked_token_is_replaced_within_the_attempt(
    make: Make, server: OAuth2Server
) -> None:
    running = make()
    running.webhook(server.target, auth=by_password(server.token_url), max_in_flight=10)
    async with running.sending():
        running.tell("c1")
        await running.closed(1)
        server.revoke()
        for number in range(2, 12):
            running.tell(f"c{number}")
        lines = await running.closed(11)

    attempts = [running.details(line).attempts for line in lines]
    notes = [str(tried[-1].note or "") for tried in attempts]
    assert {(line.state, line.attempts) for line in lines} == {(State.DELIVERED, 1)}
    assert 1 <= sum(note.startswith("answered 401 to the first access") for note in notes) <= 10
    assert server.statuses(TOKEN_PATH) == [200, 200]


async def test_a_new_token_that_is_refused_too_fails_the_attempt(
    make: Make, authority: Authority
) -> None:
    async def behave(talk: Conversation) -> None:
        while request := await talk.request():
            granted = b'{"access_token":"abc"}' if request.path == "/token" else b"no"
            await talk.answer(200 if request.path == "/token" else 401, granted)

    running = make(waits_s=(0.05,))
    async with scripted(behave, authority) as receiver, running.sending():
        running.webhook(receiver.url("/in"), auth=by_client(receiver.url("/token")))
        running.tell("c1")
        (line,) = await running.closed(1)

    statuses = [attempt.status for attempt in running.details(line).attempts]
    assert (line.state, statuses) == (State.FAILED, [401, 401])
    assert [request.path for request in receiver.requests] == ["/token", "/in"] * 4


async def test_many_that_ask_at_once_share_one_request(
    server: OAuth2Server, sender: Sender
) -> None:
    tokens, auth = TokenCache(sender), by_password(server.token_url)

    got = await asyncio.gather(*(tokens.bearer(WEBHOOK, auth) for _ in range(10)))

    assert len(set(got)) == 1
    assert server.statuses(TOKEN_PATH) == [200]


async def test_many_that_ask_at_once_share_one_failure(
    server: OAuth2Server, sender: Sender
) -> None:
    tokens, auth = TokenCache(sender), by_password(server.token_url, password="wrong")

    got = await asyncio.gather(*(tokens.bearer(WEBHOOK, auth) for _ in range(10)))

    assert {attempt.reason for attempt in got if isinstance(attempt, Attempt)} == {Reason.OAUTH2}
    assert server.statuses(TOKEN_PATH) == [400]


async def test_webhooks_have_tokens_of_their_own(server: OAuth2Server, sender: Sender) -> None:
    tokens, auth = TokenCache(sender), by_password(server.token_url)

    assert await tokens.bearer(1, auth) != await tokens.bearer(2, auth)


async def test_new_settings_of_a_webhook_need_a_new_token(
    server: OAuth2Server, sender: Sender
) -> None:
    tokens = TokenCache(sender)
    await tokens.bearer(WEBHOOK, by_password(server.token_url))

    attempt = await tokens.bearer(WEBHOOK, by_password(server.token_url, password="wrong"))

    assert isinstance(attempt, Attempt)


async def test_forgetting_an_older_token_keeps_the_newer(
    server: OAuth2Server, sender: Sender
) -> None:
    tokens, auth = TokenCache(sender), by_password(server.token_url)
    token = await tokens.bearer(WEBHOOK, auth)

    tokens.forget(WEBHOOK, "an older one")

    assert await tokens.bearer(WEBHOOK, auth) == token


# --- with scripted servers ------------------------------------------------------------------


@asynccontextmanager
async def scripted(behaviour: Behaviour, authority: Authority) -> AsyncIterator[Receiver]:
    async with Receiver(behaviour, tls=authority.serves(HOST)) as receiver:
        yield receiver


def grants(**given: object) -> Behaviour:
    token = {"access_token": "abc", "token_type": "Bearer", "expires_in": 3600}
    return does.answers(200, json.dumps({**token, **given}).encode())


async def asked(behaviour: Behaviour, authority: Authority, sender: Sender) -> str | Attempt:
    async with scripted(behaviour, authority) as receiver:
        return await TokenCache(sender).bearer(WEBHOOK, by_password(receiver.url()))


async def test_the_request_is_a_form_with_basic_client_authentication(
    authority: Authority, sender: Sender
) -> None:
    async with scripted(grants(), authority) as receiver:
        await TokenCache(sender).bearer(WEBHOOK, by_password(receiver.url(), scope="a b"))
        (request,) = receiver.requests

    assert request.header("content-type") == "application/x-www-form-urlencoded"
    assert request.header("authorization") == (
        "Basic aW1wb3J0ZXIlM0ExOnMzY3IlMjV0JTJGJUMzJUJDJTJCKyUyNg=="
    )
    assert sorted(request.body.split(b"&")) == [
        b"grant_type=password",
        b"password=pass%3Aw%C3%B6rd+%26%2B%25",
        b"scope=a+b",
        b"username=reseller%40example.com",
    ]


@pytest.mark.parametrize(
    ("given", "usable_s"),
    [
        ({"expires_in": 3600}, 3540),
        ({"expires_in": 60}, 54),
        ({"expires_in": "600"}, 540),
        ({"expires_in": None}, 3600),
        ({"expires_in": 10**9}, 86_340),
        ({"scope": "less than asked"}, 3540),
        ({"token_type": "bEARER"}, 3540),
        ({"token_type": None}, 3540),
        ({"expires_in": "3599.7"}, 3539),
        ({"expires_in": "soon"}, 3600),
        ({"expires_in": "Tue, 01 Dec 2200 00:00:00 GMT"}, 86_340),
        ({"expires_in": "2200-12-01T00:00:00Z"}, 86_340),
    ],
)
async def test_a_token_is_used_until_shortly_before_its_end(
    given: dict[str, object], usable_s: int, authority: Authority, sender: Sender
) -> None:
    hours = Hours()
    tokens = TokenCache(sender, monotonic_s=hours)
    async with scripted(grants(**given), authority) as receiver:
        auth = by_password(receiver.url(), scope="all of it")
        for later_s in (0, usable_s - 1, 2):
            hours.now_s += later_s
            assert await tokens.bearer(WEBHOOK, auth) == "abc"

        assert len(receiver.requests) == 2


@pytest.mark.parametrize(
    ("behaviour", "detail"),
    [
        (does.answers(503, b"<html>busy</html>"), "answered 503: the token server is down"),
        (does.answers(302, location="/x"), "answered 302, a redirect; redirects are not followed"),
        (does.answers(200, b"{}"), "answered 200 without an access token"),
        (does.answers(200, b"[1]"), "answered 200 with something that is no token response"),
        (does.answers(200, b"\xff\xfe"), "answered 200 with something that is no token response"),
        (does.answers(200, b"[" * 16000), "answered 200 with something that is no token response"),
        (grants(access_token=5), "answered 200 with an access token that cannot go into a header"),
        (grants(access_token="a\r\nx: y"), "with an access token that cannot go into a header"),
        (grants(access_token=""), "with an access token that cannot go into a header"),
        (grants(token_type="mac"), "answered 200 with a token of another type"),
        (does.answers(401), "answered 401: wrong client ID or client secret"),
        (does.answers(400), "answered 400: the server does not say why; check the client"),
        (does.answers(403), "answered 403: the sign-in was refused"),
        (
            does.answers(404, b"<html>"),
            "answered 404: there is nothing; check the access token URI",
        ),
        (does.answers(200, b"x" * 16 * 1024), "answered 200 with more than 16 KiB"),
        (
            does.answers(401, b'{"error":"unauthorized_client"}'),
            "answered 401 unauthorized_client: wrong client ID or client secret",
        ),
        (
            does.answers(400, b'{"error":"unauthorized_client"}'),
            "answered 400 unauthorized_client: this client may not use this grant type",
        ),
        (grants(error="invalid_grant"), "answered 200 invalid_grant: wrong username or password"),
        (does.answers(400, b'{"error":{"a":1}}'), "answered 400 "),
        (does.answers(403, b'{"access_token":"abc"}'), "answered 403, which is no success"),
        (does.closes_unanswered, f"failed: {HOST} closed the connection before it answered"),
    ],
)
async def test_a_handshake_that_fails_is_an_attempt_that_says_why(
    behaviour: Behaviour, detail: str, authority: Authority, sender: Sender
) -> None:
    attempt = await asked(behaviour, authority, sender)

    assert isinstance(attempt, Attempt)
    assert (attempt.outcome, attempt.reason) == (Outcome.FAILED, Reason.OAUTH2)
    assert attempt.detail.startswith("token request ")
    assert detail in attempt.detail


async def test_what_the_server_says_is_shown_short_and_without_our_secrets(
    authority: Authority, sender: Sender
) -> None:
    said = f"no {USER[1]} and no {PASSWORD_CLIENT[1]}\nbut\x00" + "x" * 1000
    body = json.dumps({"error": "invalid_grant", "error_description": said}).encode()

    attempt = await asked(does.answers(400, body), authority, sender)

    assert isinstance(attempt, Attempt)
    assert "(no *** and no *** but xxx" in attempt.detail
    assert USER[1] not in attempt.detail
    assert PASSWORD_CLIENT[1] not in attempt.detail
    assert len(attempt.detail) < 300


@pytest.mark.parametrize(
    "body", [b'\xef\xbb\xbf{"access_token":"abc"}', b"access_token=abc&expires_in=60"]
)
async def test_a_response_with_a_byte_order_mark_or_as_a_form_is_read(
    body: bytes, authority: Authority, sender: Sender
) -> None:
    assert await asked(does.answers(200, body), authority, sender) == "abc"


async def test_a_token_longer_than_the_log_keeps_is_read_whole(
    authority: Authority, sender: Sender
) -> None:
    long = "x" * 8000

    assert await asked(grants(access_token=long), authority, sender) == long


async def test_retry_after_of_a_token_server_is_handed_on(
    authority: Authority, sender: Sender
) -> None:
    attempt = await asked(does.answers(429, retry_after="60"), authority, sender)

    assert isinstance(attempt, Attempt)
    assert attempt.retry_after_s == 60


async def test_a_token_url_at_a_forbidden_address_is_refused(authority: Authority) -> None:
    async with Sender() as guarded, scripted(grants(), authority) as receiver:
        attempt = await TokenCache(guarded).bearer(
            WEBHOOK, by_password(receiver.url(host="127.0.0.1"))
        )

    assert isinstance(attempt, Attempt)
    assert (attempt.outcome, attempt.reason) == (Outcome.REFUSED, Reason.FORBIDDEN_ADDRESS)
    assert receiver.connections == 0


async def test_one_caller_that_gives_up_leaves_the_request_to_the_others(
    authority: Authority, sender: Sender
) -> None:
    released = asyncio.Event()
    body = json.dumps({"access_token": "abc", "token_type": "Bearer"}).encode()

    async def slow(talk: Conversation) -> None:
        await talk.request()
        await released.wait()
        await talk.answer(200, body)

    async with scripted(slow, authority) as receiver:
        tokens, auth = TokenCache(sender), by_password(receiver.url())
        hasty, patient = (asyncio.create_task(tokens.bearer(WEBHOOK, auth)) for _ in "ab")
        await receiver.received(1)
        hasty.cancel()
        await asyncio.wait([hasty])
        released.set()

        assert await patient == "abc"


def test_secrets_and_tokens_are_not_in_what_is_printed() -> None:
    auth: OAuth2 = by_password("https://receiver.test/")

    assert USER[1] not in repr(auth)
    assert PASSWORD_CLIENT[1] not in repr(auth)
