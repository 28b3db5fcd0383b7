"""Signing in with an identity provider: a real one written by others, and one that lies."""

import hmac
import re
import ssl
import subprocess
import sys
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from aiohttp import web
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from reseller_webhooks import clock
from reseller_webhooks.core.access.permissions import Role
from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.http.pages import paths
from reseller_webhooks.operations import invites, resellers, users
from reseller_webhooks.operations.context import AppContext
from reseller_webhooks.store.db.database import Database
from tests.pages.browser_client import HOST, Outside, Person, house_of, token_in, words
from tests.receivers.authority import Authority
from tests.receivers.openid_server import CLIENT, UNVERIFIED

PROGRAM = Path(__file__).parent.parent / "receivers" / "openid_server.py"
ANA = "ana@acme.example"


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Iterator[str]:
    """The issuer of a provider that runs."""
    folder = tmp_path_factory.mktemp("openid")
    pem = authority.write_pair(folder, "127.0.0.1")
    command = [sys.executable, PROGRAM, folder, pem, HOST + paths.OPENID_BACK]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield f"https://127.0.0.1:{process.stdout.readline().strip()}/o"
        finally:
            process.terminate()


def at(database: Database, authority: Authority, folder: Path, issuer: str) -> AppContext:
    given = {
        "oidc_issuer": issuer,
        "oidc_client_id": CLIENT[0],
        "oidc_client_secret": CLIENT[1],
        "ca_file": authority.write(folder),
    }
    return house_of(database, Outside(), **given)


@pytest.fixture
def context(database: Database, authority: Authority, tmp_path: Path, provider: str) -> AppContext:
    return at(database, authority, tmp_path, provider)


async def comes_back(context: AppContext, nobody: Person, who: str, path: str) -> str:
    """Where the provider sends somebody back to, who begins on our sign-in page."""
    begun = await nobody.client.get(path)
    context = ssl.create_default_context(cafile=context.settings.ca_file)
    async with httpx.AsyncClient(verify=context, cookies={"who": who}) as elsewhere:
        place = begun.headers["location"]
        while not place.startswith(HOST):
            answer = await elsewhere.get(place)
            assert answer.status_code == 302, answer.text
            place = str(answer.url.join(answer.headers["location"]))
    return place


async def test_a_user_signs_in_with_the_provider_and_gets_where_they_wanted(
    context: AppContext, nobody: Person, northwind: Reseller
) -> None:
    users.add(context.database, ANA, Role.ADMIN, northwind.uuid)
    form = await nobody.see(paths.sign_in(paths.LOG))
    place = await comes_back(context, nobody, ANA, paths.openid(paths.LOG))
    entered = await nobody.client.get(place)

    assert "Sign in with your organization" in words(form)
    assert entered.headers["location"] == paths.LOG
    assert ANA in words(await nobody.see(paths.WEBHOOKS))


async def test_somebody_who_was_invited_becomes_a_user(
    context: AppContext, nobody: Person, northwind: Reseller
) -> None:
    invites.invite(context.database, "Bea@acme.example", Role.VIEWER, northwind.uuid)
    place = await comes_back(context, nobody, "bea@acme.example", paths.OPENID)
    asked = await nobody.follow(await nobody.client.get(place))
    button = re.search(r'action="(/choose-reseller/invites/[^"]+)"', asked)
    before = invites.page(context.database, None)
    token = token_in(asked)
    await nobody.send_raw(button[1] if button else "", [("form-token", token)])

    assert "Northwind Viewer" in words(asked)
    assert len(before) == 1
    assert "Viewer: sees webhooks" in words(await nobody.see(paths.ACCOUNT))
    assert invites.page(context.database, None) == []


async def test_somebody_enters_only_where_they_are_a_member_and_chooses(
    context: AppContext, nobody: Person, northwind: Reseller, contoso: Reseller
) -> None:
    fabrikam = resellers.add(context.database, "Fabrikam")
    for reseller in (northwind, contoso):
        users.add(context.database, ANA, Role.ADMIN, reseller.uuid)
    invites.invite(context.database, ANA, Role.ADMIN, fabrikam.uuid)
    place = await comes_back(context, nobody, ANA, paths.openid(paths.LOG))
    asked = await nobody.follow(await nobody.client.get(place))

    assert re.findall(r"<strong>(\w+)</strong>", asked) == ["Contoso", "Northwind", "Fabrikam"]
    assert (await nobody.client.get(paths.WEBHOOKS)).headers["location"].startswith(paths.CHOOSE)
    assert {one.reseller for one in users.memberships_of(context.database, ANA)} == {
        "Northwind",
        "Contoso",
    }


@pytest.mark.parametrize(
    ("who", "told"),
    [
        ("stranger@acme.example", "Nobody has invited stranger@acme.example"),
        (UNVERIFIED, "does not vouch for an e-mail address"),
    ],
)
async def test_nobody_else_comes_in(
    context: AppContext, nobody: Person, northwind: Reseller, who: str, told: str
) -> None:
    users.add(context.database, UNVERIFIED, Role.ADMIN, northwind.uuid)
    answer = await nobody.client.get(await comes_back(context, nobody, who, paths.OPENID))

    assert answer.status_code == 401
    assert told in words(answer.text)
    assert (await nobody.client.get(paths.WEBHOOKS)).status_code == 303


async def test_a_code_is_taken_once_and_only_in_the_browser_that_began(
    context: AppContext, nobody: Person, northwind: Reseller
) -> None:
    users.add(context.database, ANA, Role.ADMIN, northwind.uuid)
    place = await comes_back(context, nobody, ANA, paths.OPENID)
    elsewhere = await Person(context).client.get(place)
    entered = await nobody.client.get(place)
    again = await nobody.client.get(place)

    assert [one.status_code for one in (elsewhere, entered, again)] == [401, 303, 401]
    assert "began in another window" in words(elsewhere.text)


async def test_the_provider_says_no(nobody: Person) -> None:
    begun = await nobody.client.get(paths.OPENID)
    state = parse_qs(urlsplit(begun.headers["location"]).query)["state"][0]
    answer = await nobody.client.get(f"{paths.OPENID_BACK}?error=access_denied&state={state}")

    assert answer.status_code == 401
    assert "access_denied" in words(answer.text)


async def test_without_a_provider_there_is_nothing(database: Database) -> None:
    person = Person(house_of(database, Outside()))

    assert "organization" not in await person.see(paths.SIGN_IN)
    assert (await person.client.get(paths.OPENID)).status_code == 404


class Liar:
    """A provider that signs whatever it is told to sign."""

    key = RSAKey.generate_key(2048, parameters={"kid": "1"})
    issuer = ""

    def __init__(self) -> None:
        self.token: Any = None
        self.userinfo: Any = {"sub": "1"}
        self.nonce = ""

    async def configuration(self, _: web.Request) -> web.Response:
        return web.json_response(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
                "userinfo_endpoint": f"{self.issuer}/userinfo",
            }
        )

    async def more(self, _: web.Request) -> web.Response:
        return web.json_response(self.userinfo)

    async def keys(self, _: web.Request) -> web.Response:
        return web.json_response({"keys": [self.key.as_dict(private=False)]})

    async def tokens(self, _: web.Request) -> web.Response:
        return web.json_response({"id_token": self.token, "access_token": "x"})

    def claims(self, **other: Any) -> dict[str, Any]:
        now = clock.now() // clock.SECOND
        claims = {
            "iss": self.issuer,
            "aud": CLIENT[0],
            "sub": "1",
            "exp": now + 300,
            "iat": now,
            "nonce": self.nonce,
            "email": ANA,
            "email_verified": True,
        } | other
        return {name: value for name, value in claims.items() if value is not None}


@pytest.fixture
async def liar(authority: Authority) -> AsyncIterator[Liar]:
    one = Liar()
    app = web.Application()
    app.router.add_get("/.well-known/openid-configuration", one.configuration)
    app.router.add_get("/keys", one.keys)
    app.router.add_get("/userinfo", one.more)
    app.router.add_post("/token", one.tokens)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=authority.serves("127.0.0.1"))
    await site.start()
    one.issuer = f"https://127.0.0.1:{runner.addresses[0][1]}"
    yield one
    await runner.cleanup()


async def tried(liar: Liar, context: AppContext, sign: Any) -> httpx.Response:
    """What comes of an ID token that `sign` makes of the liar."""
    person = Person(context)
    begun = await person.client.get(paths.OPENID)
    asked = parse_qs(urlsplit(begun.headers["location"]).query)
    liar.nonce = asked["nonce"][0]
    liar.token = sign(liar)
    return await person.client.get(f"{paths.OPENID_BACK}?code=c&state={asked['state'][0]}")


def signed(liar: Liar, *, by: Any = None, alg: str = "RS256", **other: Any) -> str:
    return jwt.encode({"alg": alg, "kid": "1"}, liar.claims(**other), by or liar.key, [alg])


def unsigned(liar: Liar) -> str:
    header = urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
    return f"{header}.{signed(liar).split('.')[1]}."


def by_the_public_key(liar: Liar) -> str:
    """Signed with what everybody knows, as if it were a secret that is shared."""
    forged = signed(liar, by=OctKey.generate_key(), alg="HS256")
    part, _ = forged.rsplit(".", 1)
    mac = hmac.digest(liar.key.as_pem(private=False), part.encode(), "sha256")
    return f"{part}.{urlsafe_b64encode(mac).rstrip(b'=').decode()}"


LIES = {
    "another's key": lambda one: signed(one, by=RSAKey.generate_key(2048)),
    "no signature": unsigned,
    "the public key as a shared one": by_the_public_key,
    "another issuer": lambda one: signed(one, iss="https://evil.example"),
    "for another program": lambda one: signed(one, aud="other"),
    "for several, made for another": lambda one: signed(one, aud=[CLIENT[0], "b"], azp="b"),
    "another sign-in": lambda one: signed(one, nonce="guessed"),
    "of no sign-in": lambda one: signed(one, nonce=None),
    "too old": lambda one: signed(one, exp=clock.now() // clock.SECOND - 3600),
    "without an end": lambda one: signed(one, exp=None),
    "not verified": lambda one: signed(one, email_verified=False),
    "verified in words only": lambda one: signed(one, email_verified="true"),
    "without an address": lambda one: signed(one, email=None),
    "no token": lambda _: None,
    "garbage": lambda _: "a.b.c",
}


@pytest.mark.parametrize("name", LIES)
async def test_a_token_that_lies_lets_nobody_in(
    liar: Liar,
    database: Database,
    authority: Authority,
    tmp_path: Path,
    northwind: Reseller,
    name: str,
) -> None:
    users.add(database, ANA, Role.ADMIN, northwind.uuid)
    answer = await tried(liar, at(database, authority, tmp_path, liar.issuer), LIES[name])

    assert answer.status_code == 401, words(answer.text)
    assert "webhooks-session" not in answer.headers.get("set-cookie", "")


async def test_the_same_token_without_a_lie_lets_in(
    liar: Liar, database: Database, authority: Authority, tmp_path: Path, northwind: Reseller
) -> None:
    users.add(database, ANA, Role.ADMIN, northwind.uuid)
    answer = await tried(liar, at(database, authority, tmp_path, liar.issuer), signed)

    assert answer.status_code == 303


async def test_a_provider_that_does_not_answer_is_told_of(
    database: Database, authority: Authority, tmp_path: Path
) -> None:
    person = Person(at(database, authority, tmp_path, "https://127.0.0.1:9/nobody"))
    answer = await person.client.get(paths.OPENID)

    assert answer.status_code == 503
    assert "does not answer" in words(answer.text)
    assert "E-mail address" in words(answer.text)


@pytest.mark.parametrize(
    ("userinfo", "status"),
    [
        ({"email": ANA}, 401),
        ({"email": ANA, "email_verified": False}, 401),
        ({"email": ANA, "email_verified": True}, 303),
    ],
    ids=["unverified", "verified as false", "verified"],
)
async def test_an_address_of_userinfo_is_verified_by_userinfo_alone(
    liar: Liar,
    database: Database,
    authority: Authority,
    tmp_path: Path,
    northwind: Reseller,
    userinfo: dict[str, Any],
    status: int,
) -> None:
    users.add(database, ANA, Role.ADMIN, northwind.uuid)
    liar.userinfo = {"sub": "1"} | userinfo
    context = at(database, authority, tmp_path, liar.issuer)
    answer = await tried(liar, context, lambda one: signed(one, email=None, email_verified=True))

    assert answer.status_code == status, words(answer.text)


async def test_a_replaced_ca_file_is_trusted_without_a_restart(
    database: Database, authority: Authority, tmp_path: Path, provider: str
) -> None:
    context = at(database, Authority(), tmp_path, provider)
    person = Person(context)
    before = await person.client.get(paths.OPENID)
    authority.write(tmp_path)
    is_new = person.trust.refresh()
    after = await person.client.get(paths.OPENID)

    assert (before.status_code, is_new, after.status_code) == (503, True, 303)
    assert after.headers["location"].startswith(provider)
