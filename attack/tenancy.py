"""Every route of the API and the pages, asked for another reseller's things by callers of a kind.

A leak is an answer that holds the marker which the other reseller's things carry, or a change of
them.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx
from fastapi.routing import APIRoute

from bench.program import Server
from reseller_webhooks.http.app import ROUTERS
from reseller_webhooks.http.pages import paths
from reseller_webhooks.http.pages.app import AREAS

MARKER = "m4rk3r"
WITHIN_S = 20.0
NOT_ASKED = {paths.SIGN_OUT, f"{paths.LOG}/stream", "/api/v1/deliveries/stream"}
"""Ends the caller's session, or never ends."""


@dataclass
class Found:
    """The result of an enumeration. leaks: caller, method and route of each."""

    requests: int = 0
    leaks: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        told = f"{self.requests} requests by {len(KINDS)} kinds of caller, {len(self.leaks)} leaks"
        return "\n  ".join([told, *self.leaks])


KINDS = ("nobody", "reseller key", "reading key", "viewer", "admin", "admin of both")


def enumerate_routes(server: Server) -> Found:
    """Ask every route as every kind of caller."""
    attacked = server.command("resellers", "add", "Attacked")
    own = server.command("resellers", "add", "Own")
    owner = _signed_in(server, f"owner-{MARKER}@a.example", attacked, "admin")
    things = _things(server, attacked, owner)
    found = Found()
    for kind in KINDS:
        client = _caller(server, kind, own, attacked)
        before = _state(server, attacked, owner)
        for method, path in _routes():
            found.requests += 1
            if _asked(client, method, path, things, attacked):
                found.leaks.append(f"{kind}: {method} {path}")
        if _state(server, attacked, owner) != before:
            found.leaks.append(f"{kind}: changed something")
    return found


def _routes() -> Iterator[tuple[str, str]]:
    for area in (*ROUTERS, *AREAS):
        for route in area.routes:
            if isinstance(route, APIRoute) and route.path not in NOT_ASKED:
                for method in sorted(route.methods or ()):
                    yield method, route.path


def _asked(
    client: httpx.Client, method: str, path: str, things: dict[str, str], attacked: str
) -> bool:
    """Whether the answer holds the marker."""
    named = path.replace(":path}", "}")
    kind = next((each for each in things if each and named.startswith(each)), "")
    filled = re.sub(r"\{(type|resource)\}", "COMPANY", named)
    filled = re.sub(r"\{[^}]*\}", things[kind], filled)
    form = {"form-token": _form_token(client)} if "/api/" not in path else None
    with client.stream(
        method, filled, params={"reseller": attacked}, data=form if method != "GET" else None
    ) as answer:
        return MARKER in answer.read().decode(errors="replace")


def _caller(server: Server, kind: str, own: str, attacked: str) -> httpx.Client:
    if kind == "nobody":
        return _client(server)
    if kind.endswith("key"):
        reading = ["--read-only"] if kind == "reading key" else []
        key = server.command("api-keys", "add", "--reseller", own, *reading)
        client = _client(server)
        client.headers["authorization"] = f"Bearer {key}"
        return client
    email = f"{kind.replace(' ', '-')}@o.example"
    role = "viewer" if kind == "viewer" else "admin"
    client = _signed_in(server, email, own, role)
    if kind == "admin of both":
        server.command("users", "add", email, "--reseller", attacked, "--role", "admin")
        _enter(client, server.command("users", "link", email))
        _choose(client, "Own")
    return client


def _client(server: Server) -> httpx.Client:
    return httpx.Client(base_url=server.url, headers={"origin": server.url}, timeout=WITHIN_S)


def _signed_in(server: Server, email: str, reseller: str, role: str) -> httpx.Client:
    client = _client(server)
    link = server.command("users", "add", email, "--reseller", reseller, "--role", role)
    _enter(client, link)
    return client


def _enter(client: httpx.Client, link: str) -> None:
    path = paths.SIGN_IN + link.partition(paths.SIGN_IN)[2]
    token = _token_in(client.get(path).text)
    client.post(path, data={"form-token": token})


def _choose(client: httpx.Client, name: str) -> None:
    page = client.get(paths.CHOOSE).text
    uuid = re.search(rf'value="([^"]+)"><strong>{name}<', page)
    fields = {"membership": uuid[1] if uuid else "", "form-token": _token_in(page)}
    client.post(paths.CHOOSE, data=fields)


def _form_token(client: httpx.Client) -> str:
    return _token_in(client.get(paths.SIGN_IN, follow_redirects=True).text)


def _token_in(page: str) -> str:
    found = re.search(r'name="form-token" value="([^"]+)"', page)
    return found[1] if found else ""


def _things(server: Server, attacked: str, owner: httpx.Client) -> dict[str, str]:
    """Ids of the attacked reseller's things by how paths begin that name them."""
    of_attacked = {"reseller": attacked}
    hook = {"url": f"https://localhost:9/{MARKER}", "resource": "COMPANY", "actions": ["ADDED"]}
    webhook = server.api.post("/api/v1/webhooks", params=of_attacked, json=hook).json()["id"]
    change = {**server.company(1, MARKER), "uuid": MARKER, "reseller": attacked}
    event = server.change([change])[0]["event"]
    listed = server.api.get("/api/v1/deliveries", params=of_attacked).json()["items"]
    fields = {"email": f"invited-{MARKER}@a.example", "role": "viewer"}
    owner.post(paths.INVITES, data={**fields, "form-token": _form_token(owner)})
    server.command("users", "add", f"other-{MARKER}@a.example", "--reseller", attacked)
    users = owner.get(paths.USERS).text
    invite = re.search(r'action="/users/invites/([^/]+)/withdraw"', users)
    user = re.search(r'action="/users/([^/]+)/lock"', users)
    return {
        "/api/v1/deliveries": listed[0]["id"],
        "/api/v1/events": event,
        "/api/v1/resellers": attacked,
        "/api/v1/webhooks": webhook,
        paths.LOG: listed[0]["id"],
        paths.RECORDS: MARKER,
        paths.WEBHOOKS: webhook,
        paths.INVITES: invite[1] if invite else "",
        paths.USERS: user[1] if user else "",
        paths.RESELLERS: attacked,
        "": MARKER,
    }


def _state(server: Server, attacked: str, owner: httpx.Client) -> list[str]:
    """The attacked reseller's data, as far as a caller could change them."""
    of_attacked = {"reseller": attacked}
    webhooks = server.api.get("/api/v1/webhooks", params=of_attacked).text
    companies = server.api.get("/api/account/v1/companies", params=of_attacked).text
    circuit = re.compile(r'"(circuit|nextProbeAt|health)[^,}]*')
    users = re.findall(r"/users/[^\"]+", owner.get(paths.USERS).text)
    return [circuit.sub("", webhooks), companies, *users]
