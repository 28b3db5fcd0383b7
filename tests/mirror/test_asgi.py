"""The ready receiver: it says 2xx only of what is committed."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from reseller_mirror import Verifier
from reseller_mirror.asgi import BODY_MAX, Receiver
from reseller_mirror.mirror import TABLES, Mirror, connect


@pytest.fixture
def mirror(tmp_path: Path) -> Mirror:
    one = Mirror(connect(f"sqlite:///{tmp_path}/mirror.db"))
    one.create()
    return one


def client(mirror: Mirror) -> httpx.AsyncClient:
    app: Any = Receiver(mirror, Verifier(token="t"))
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url="https://mirror",
        headers={"x-appdirect-webhook-token": "t"},
    )


def body(number: int, version: int = 1, resource: str = "COMPANY") -> dict[str, Any]:
    return {
        "uuid": f"e{number}-{version}",
        "timestamp": 1,
        "resource": {"type": resource, "uuid": f"c{number}", "content": {"name": "Acme"}},
        "resourceAction": "ADDED",
        "resourceVersion": version,
    }


async def test_notifications_that_come_at_once_are_all_committed(mirror: Mirror) -> None:
    async with client(mirror) as http:
        answers = await asyncio.gather(*(http.post("/", json=body(n)) for n in range(300)))

    assert {answer.status_code for answer in answers} == {204}
    assert mirror.count("COMPANY") == 300


async def test_one_that_the_database_does_not_take_leaves_its_neighbours_alone(
    mirror: Mirror,
) -> None:
    TABLES["LEAD"].drop(mirror.engine)
    broken = body(1, resource="LEAD")
    async with client(mirror) as http:
        answers = await asyncio.gather(
            *(http.post("/", json=b) for b in (body(0), broken, body(2)))
        )

    assert [answer.status_code for answer in answers] == [204, 503, 204]
    assert mirror.count("COMPANY") == 2


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"content": b"{}"}, 400),
        ({"json": body(1, version=2**63)}, 400),
        ({"content": b"x" * (BODY_MAX + 1)}, 413),
        ({"content": b"{}", "headers": {"x-appdirect-webhook-token": "wrong"}}, 401),
        ({"json": body(1, resource="QUOTE")}, 204),
    ],
)
async def test_the_status_says_what_was_wrong(
    mirror: Mirror, given: dict[str, Any], status: int
) -> None:
    async with client(mirror) as http:
        answer = await http.post("/any/path", **given)

    assert answer.status_code == status
    assert mirror.count("COMPANY") == 0
