"""Clients authenticate to token servers that differ: Basic, form body, no secret, signed JWT."""

import base64
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote_plus

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from reseller_webhooks.core.deliveries.attempts import Attempt
from reseller_webhooks.core.webhooks.ip_policy import TargetNetworks
from reseller_webhooks.core.webhooks.webhook import ClientCredentialsAuth
from reseller_webhooks.engine.sending.sender import Sender
from reseller_webhooks.engine.sending.token_cache import TokenCache
from tests.receivers.authority import Authority
from tests.receivers.receiver import HOST, Conversation, Receiver, Request, everything_is_here

WEBHOOK = 7
CLIENT_ID = "id+/=:% é"
CLIENT_SECRET = "se+cr/e=t:% é"
Knows = Callable[[Request], bool]


@pytest.fixture
async def sender(ca_file: Path) -> AsyncIterator[Sender]:
    networks = TargetNetworks((ip_network("127.0.0.0/8"),))
    async with Sender(ca_file=ca_file, networks=networks, resolve=everything_is_here) as sender:
        yield sender


@asynccontextmanager
async def token_server(
    knows: Knows, authority: Authority, *, status: int = 401, error: str = "invalid_client"
) -> AsyncIterator[Receiver]:
    """A token server that grants where it recognises the client, and refuses otherwise."""

    async def behave(talk: Conversation) -> None:
        while request := await talk.request():
            if knows(request):
                await talk.answer(200, b'{"access_token":"abc","token_type":"Bearer"}')
            else:
                await talk.answer(status, json.dumps({"error": error}).encode() if error else b"")

    async with Receiver(behave, tls=authority.serves(HOST)) as receiver:
        yield receiver


def basic(request: Request) -> tuple[str, str]:
    """ID and secret of the Authorization header, not decoded."""
    text = (request.header("authorization") or "").removeprefix("Basic ")
    name, _, secret = base64.b64decode(text).decode().partition(":")
    return name, secret


def form(request: Request) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(request.body.decode()).items()}


def knows_encoded_basic(request: Request) -> bool:
    return tuple(map(unquote_plus, basic(request))) == (CLIENT_ID, CLIENT_SECRET)


def knows_raw_basic(request: Request) -> bool:
    text = (request.header("authorization") or "").removeprefix("Basic ")
    return base64.b64decode(text).decode() == f"{CLIENT_ID}:{CLIENT_SECRET}"


def knows_body(request: Request) -> bool:
    given = form(request)
    return (given.get("client_id"), given.get("client_secret")) == (CLIENT_ID, CLIENT_SECRET)


def knows_public(request: Request) -> bool:
    given = form(request)
    return given["client_id"] == CLIENT_ID and "client_secret" not in given


def auth(receiver: Receiver, **given: Any) -> ClientCredentialsAuth:
    secret = {"client_secret": CLIENT_SECRET} | given
    return ClientCredentialsAuth(token_url=receiver.url(), client_id=CLIENT_ID, **secret)


@pytest.mark.parametrize(
    ("knows", "requests"), [(knows_encoded_basic, 1), (knows_raw_basic, 2), (knows_body, 3)]
)
@pytest.mark.parametrize(
    ("status", "error"),
    [(401, "invalid_client"), (400, "invalid_client"), (400, "invalid_request"), (403, "")],
)
async def test_the_method_that_a_server_knows_is_found_and_remembered(
    knows: Knows, requests: int, status: int, error: str, authority: Authority, sender: Sender
) -> None:
    async with token_server(knows, authority, status=status, error=error) as server:
        tokens = TokenCache(sender)
        first = await tokens.bearer(WEBHOOK, auth(server))
        tokens.forget(WEBHOOK, "abc")
        found = len(server.requests)
        second = await tokens.bearer(WEBHOOK, auth(server))

        assert (first, second) == ("abc", "abc")
        assert (found, len(server.requests)) == (requests, requests + 1)


async def test_a_wrong_secret_is_tried_once_with_each_method(
    authority: Authority, sender: Sender
) -> None:
    async with token_server(lambda _: False, authority) as server:
        attempt = await TokenCache(sender).bearer(WEBHOOK, auth(server))

        assert isinstance(attempt, Attempt)
        assert attempt.detail == (
            "token request answered 401 invalid_client: wrong client ID or client secret"
        )
        assert len(server.requests) == 3


async def test_a_refusal_that_is_not_about_the_client_ends_the_search(
    authority: Authority, sender: Sender
) -> None:
    async with token_server(
        lambda _: False, authority, status=400, error="invalid_scope"
    ) as server:
        attempt = await TokenCache(sender).bearer(WEBHOOK, auth(server))

        assert isinstance(attempt, Attempt)
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("method", "knows"),
    [("BASIC", knows_encoded_basic), ("BODY", knows_body), ("NONE", knows_public)],
)
async def test_a_method_that_was_chosen_is_the_only_one(
    method: str, knows: Knows, authority: Authority, sender: Sender
) -> None:
    given = {"client_auth": method} | ({"client_secret": None} if method == "NONE" else {})
    async with token_server(knows, authority) as server:
        token = await TokenCache(sender).bearer(WEBHOOK, auth(server, **given))

        assert token == "abc"
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048), RSAKey),
        (lambda: ec.generate_private_key(ec.SECP256R1()), ECKey),
        (lambda: ec.generate_private_key(ec.SECP384R1()), ECKey),
    ],
    ids=["rsa", "p-256", "p-384"],
)
async def test_a_signed_assertion_proves_the_client(
    make: Callable[[], Any], kind: Any, authority: Authority, sender: Sender
) -> None:
    private = make()
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    public = kind.import_key(pem)

    def knows(request: Request) -> bool:
        given = form(request)
        token = jwt.decode(
            given["client_assertion"], public, algorithms=["RS256", "ES256", "ES384"]
        )
        claims = token.claims
        return (
            given["client_assertion_type"]
            == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
            and claims["iss"] == claims["sub"] == CLIENT_ID
            and claims["aud"] == server.url()
            and claims["exp"] > claims["iat"]
            and bool(claims["jti"])
        )

    async with token_server(knows, authority) as server:
        signed = auth(server, client_auth="PRIVATE_KEY_JWT", client_secret=None, private_key=pem)
        token = await TokenCache(sender).bearer(WEBHOOK, signed)

        assert token == "abc"
        assert pem not in repr(signed)
