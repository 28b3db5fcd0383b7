"""The receivers of docs/receive.md take real deliveries, and nothing forged."""

import shutil
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from reseller_webhooks import clock
from reseller_webhooks.core.deliveries.delivery import State
from reseller_webhooks.core.enums import Resource
from reseller_webhooks.core.records.events import body_with_content, resource_json
from reseller_webhooks.core.webhooks.signing import new_secret, sign
from reseller_webhooks.operations import webhooks
from tests.engine.engine_fixture import Running
from tests.receivers.authority import Authority
from tests.receivers.receiver import HOST, LOOPBACK
from tests.receivers_in_docs.printed import PRINTED, Printed, printed

SHORT = ["receiver.py", "receiver.mjs"]
LINES_MAX = 15
AT = 1_770_000_000_000_000

pytestmark = pytest.mark.skipif(not shutil.which("node"), reason="Node.js is not here")


def body(version: int, event: str = "e1") -> str:
    member = resource_json(Resource.COMPANY, "c1", "https://h/c1", '{"name":"Zoë"}')
    return body_with_content(
        event, 1_770_000_000_000_000, member, version=version, changed_fields=[]
    )


@pytest.fixture
def running(empty_sqlite: str, ca_file: Path) -> Running:
    return Running(empty_sqlite, ca_file)


@asynccontextmanager
async def run(
    name: str, running: Running, authority: Authority, folder: Path
) -> AsyncIterator[tuple[Printed, str]]:
    """The printed receiver as the target of a webhook, and the webhook's secret."""
    with socket.socket() as tls_at:
        tls_at.bind((LOOPBACK, 0))
        row = running.webhook(f"https://{HOST}:{tls_at.getsockname()[1]}/in")
        secret = webhooks.open_webhook(running.box, row, 0).secret
        async with printed(name, folder, secret, authority.serves(HOST), tls_at) as one:
            yield one, secret


def request(told: str, secret: str, *, ago_s: int = 0, signature: str | None = None) -> bytes:
    """A signed POST by hand. signature: another one than is right."""
    at_s, payload = clock.now() // clock.SECOND - ago_s, told.encode()
    genuine = sign([secret], "e1", at_s, payload)
    headers = {
        "host": HOST,
        "content-length": str(len(payload)),
        "connection": "close",
        "webhook-id": "e1",
        "webhook-timestamp": str(at_s),
        "webhook-signature": genuine if signature is None else signature,
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST /in HTTP/1.1\r\n{head}\r\n".encode("latin-1") + payload


def status_of(answer: bytes) -> int:
    return int(answer.split(maxsplit=2)[1])


@pytest.mark.parametrize("name", SHORT)
def test_it_has_no_more_lines_than_it_says(name: str) -> None:
    lines = [line for line in PRINTED[name].splitlines() if line.strip()]

    assert len(lines) <= LINES_MAX


@pytest.mark.parametrize("name", SHORT)
async def test_it_takes_real_deliveries_and_drops_what_is_not_newer(
    name: str, running: Running, authority: Authority, tmp_path: Path
) -> None:
    async with run(name, running, authority, tmp_path) as (one, _), running.sending():
        for version in (2, 1, 3):
            running.tell("c1", version=version, body=body(version, "EVENT"))
            await running.closed(len(running.lines(State.DELIVERED)) + 1, State.DELIVERED)
        shown = [await one.line(), await one.line()]

    assert [line.state for line in running.lines(*State)] == [State.DELIVERED] * 3
    assert shown == [["CHANGED", "COMPANY", "c1", "2"], ["CHANGED", "COMPANY", "c1", "3"]]


@pytest.mark.parametrize("name", ["flask_receiver.py", "urls.py"])
async def test_with_a_framework_it_keeps_a_database(
    name: str, running: Running, authority: Authority, tmp_path: Path
) -> None:
    async with run(name, running, authority, tmp_path), running.sending():
        running.tell("c1", body=body(2, "EVENT"))
        await running.closed(1, State.DELIVERED)

    with create_engine(f"sqlite:///{tmp_path}/mirror.db").connect() as connection:
        found = connection.execute(text("SELECT uuid, version, content FROM mirror_company"))
        assert found.tuples().one()[:2] == ("c1", 2)


FORGED: dict[str, Callable[[str], bytes]] = {
    "another secret": lambda _: request(body(1), new_secret(b"x" * 32)),
    "another body": lambda secret: request(body(1), secret).replace(b"c1", b"c2"),
    "too old": lambda secret: request(body(1), secret, ago_s=301),
    "from the future": lambda secret: request(body(1), secret, ago_s=-310),
    "no signature": lambda secret: request(body(1), secret, signature=""),
    "nonsense": lambda secret: request(body(1), secret, signature="v1"),
    "as long, but of strange letters": lambda s: request(body(1), s, signature="v1," + "\xff" * 44),
    "no headers": lambda _: b"POST /in HTTP/1.1\r\nhost: h\r\ncontent-length: 2\r\n\r\n{}",
}


@pytest.mark.parametrize("name", PRINTED)
async def test_it_refuses_what_is_forged_and_goes_on(
    name: str, running: Running, authority: Authority, tmp_path: Path
) -> None:
    async with run(name, running, authority, tmp_path) as (one, secret):
        refused = {why: status_of(await one.exchange(FORGED[why](secret))) for why in FORGED}
        # One that says more than it sends must not end the program.
        await one.exchange(request(body(1), secret)[:-10])
        taken = status_of(await one.exchange(request(body(1), secret)))

    assert refused == dict.fromkeys(FORGED, 401)
    assert taken == 204
