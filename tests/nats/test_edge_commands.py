"""How the commands of the edges begin, refuse and end."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig

from reseller_webhooks.core.errors import Refused
from reseller_webhooks.nats.connection import NatsAddress, NatsConnection, keep
from reseller_webhooks.nats.credentials import Credentials
from reseller_webhooks.store.db.database import Database
from tests.nats.conftest import Start
from tests.nats.feeding import SOURCE, ingesting
from tests.nats.identities import ACCOUNT, OPERATOR, USER, Identity, credentials
from tests.nats.jetstream import Nats, make_stream
from tests.nats.publishing import exporting
from tests.receivers.authority import Authority


def test_without_the_extra_it_says_what_to_install(url: str) -> None:
    words = "ingest", "--nats", "nats://127.0.0.1:1"
    program = f"import sys; sys.modules['nats'] = None; sys.argv[1:] = {words!r}"
    done = subprocess.run(
        [sys.executable, "-c", f"{program}; from reseller_webhooks.cli import main; main()"],
        env=os.environ | {"RESELLER_WEBHOOKS_DATABASE": url},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert "install reseller-webhooks[nats]" in done.stderr
    assert len(done.stderr.splitlines()) == 1


async def test_nats_that_is_away_is_tried_until_somebody_asks_to_stop(start: Start) -> None:
    one = start("export", "--nats", "nats://user:secret@127.0.0.1:1")
    assert one.stderr
    told = await asyncio.to_thread(one.stderr.readline)
    one.send_signal(signal.SIGTERM)
    code = await asyncio.to_thread(one.wait)

    assert "NATS is away or refuses" in told
    assert "secret" not in told
    assert code == 0


@pytest.mark.parametrize(
    "given",
    [
        {"ack_policy": AckPolicy.NONE},
        {"ack_policy": AckPolicy.EXPLICIT, "max_deliver": 3},
        {"ack_policy": AckPolicy.EXPLICIT, "deliver_subject": "pushed"},
    ],
)
async def test_a_consumer_that_would_lose_changes_is_refused(
    server: Nats, js: JetStreamContext, database: Database, given: dict[str, Any]
) -> None:
    await make_stream(js, SOURCE.stream, "changes.>")
    config = ConsumerConfig(durable_name=SOURCE.consumer, **given)
    await js.add_consumer(SOURCE.stream, config)

    with pytest.raises(Refused, match="consumer reseller-webhooks of stream CHANGES"):
        async with ingesting(server, database) as work:
            await work


async def test_a_stream_that_is_not_there_is_refused(server: Nats, database: Database) -> None:
    with pytest.raises(Refused, match="there is no stream CHANGES"):
        async with ingesting(server, database) as work:
            await work


async def test_a_stream_of_somebody_else_is_refused(
    server: Nats, js: JetStreamContext, database: Database
) -> None:
    await make_stream(js, "EVENTS", "events.>", "others")
    await js.publish("others", b"hello")

    with pytest.raises(Refused, match="was not published by this program"):
        async with exporting(server, database) as work:
            await work


async def test_a_stream_for_other_subjects_is_refused(
    server: Nats, js: JetStreamContext, database: Database
) -> None:
    await make_stream(js, "EVENTS", "other.>")

    with pytest.raises(Refused, match=r"not for subject events\.> \(no stream is\)"):
        async with exporting(server, database) as work:
            await work


ISSUER, HOUSE, PERSON, STRANGER = (Identity(k) for k in (OPERATOR, ACCOUNT, USER, USER))


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Nats]:
    """A server that lets in only users for whom its account vouches."""
    limits = {"subs": -1, "data": -1, "payload": -1, "conn": -1, "leaf": -1}
    account = ISSUER.vouch(HOUSE, type="account", version=2, limits=limits)
    (tmp_path / "guarded.conf").write_text(
        f"operator: {ISSUER.vouch(ISSUER, type='operator', version=2)}\n"
        f"resolver: MEMORY\nresolver_preload: {{ {HOUSE.name}: {account} }}\n"
    )
    one = Nats(tmp_path / "guarded", "-c", str(tmp_path / "guarded.conf"), jetstream=False)
    yield one
    one.kill()


async def test_a_credentials_file_shows_who_we_are(guarded: Nats, tmp_path: Path) -> None:
    file = tmp_path / "our.creds"
    stop = asyncio.Event()
    connected = []

    async def session(link: NatsConnection) -> None:
        connected.append(link.client.is_connected)
        stop.set()

    jwt = HOUSE.vouch(PERSON, type="user", version=2)
    file.write_text(credentials(jwt, PERSON.seed))
    await keep(NatsAddress(guarded.url, file), session, stop)
    stop.clear()
    file.write_text(credentials(jwt, STRANGER.seed))

    assert connected == [True]
    with pytest.raises(Refused, match="does not let us in"):
        await keep(NatsAddress(guarded.url, file), session, stop)


@pytest.fixture
def over_tls(tmp_path: Path) -> Iterator[Nats]:
    """A server with a certificate by an authority of ours, whose PEM is authority.pem."""
    authority = Authority()
    authority.write(tmp_path)
    pair = str(authority.write_pair(tmp_path, "127.0.0.1"))
    words = "--tls", "--tlscert", pair, "--tlskey", pair
    one = Nats(tmp_path / "over-tls", *words, jetstream=False)
    yield one
    one.kill()


async def test_a_server_over_tls_is_trusted_by_the_setting_for_that(
    over_tls: Nats, tmp_path: Path
) -> None:
    stop = asyncio.Event()
    versions = []

    async def session(link: NatsConnection) -> None:
        versions.append(link.client.connected_server_version.major)
        stop.set()

    url = over_tls.url.replace("nats://", "tls://")
    await keep(NatsAddress(url, ca_file=tmp_path / "authority.pem"), session, stop)

    assert versions == [2]


@pytest.mark.parametrize("text", ["", "-----A-----\njwt\n-----\n-----B-----\nSUA0\n-----\n"])
def test_another_file_than_credentials_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "our.creds").write_text(text)

    with pytest.raises(Refused, match="is no NATS credentials file"):
        Credentials(tmp_path / "our.creds")
