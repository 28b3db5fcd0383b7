"""A receiver breaks and is mended: its admin hears of both, by a real mail server."""

import asyncio
from pathlib import Path

import httpx
import pytest

from reseller_webhooks.core.access.permissions import Role, Scope
from reseller_webhooks.core.alerts import AlertPreference
from reseller_webhooks.core.enums import Action, Resource
from reseller_webhooks.core.webhooks.webhook import Spec
from reseller_webhooks.mail import mailer
from reseller_webhooks.operations import alerts, authentication, resellers, users, webhooks
from reseller_webhooks.store.access import memberships
from tests.conftest import Running, serving
from tests.mail.mail_server import MailServer
from tests.receivers.authority import Authority
from tests.receivers.behaviours import answers
from tests.receivers.receiver import LOOPBACK, Receiver

WAIT_S = 40.0
CHANGES = 12


async def test_an_admin_hears_that_a_receiver_broke(
    tmp_path: Path, migrated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailer, "POLL_S", 0.2)
    authority = Authority()
    with MailServer() as mail_server:
        async with (
            Receiver(answers(503), tls=authority.serves(LOOPBACK)) as receiver,
            serving(
                tmp_path,
                migrated,
                ca_file=authority.write(tmp_path),
                smtp_url=mail_server.url,
                mail_from="hooks@portal.example",
            ) as running,
        ):
            await break_receiver(running, receiver.url("/hook", LOOPBACK))
            async with asyncio.timeout(WAIT_S):
                await asyncio.to_thread(mail_server.arrived.wait, WAIT_S)
    (message,) = mail_server.accepted

    assert message["Subject"] == "[AppReseller] A webhook is failing"
    assert "Answered 503" in message.get_content()


async def break_receiver(running: Running, url: str) -> None:
    """Changes enough for the circuit of a webhook with that URL to open."""
    database = running.database
    reseller = resellers.add(database, "Northwind")
    users.add(database, "ana@acme.example", Role.ADMIN, reseller.uuid)
    with database.read() as tx:
        (member,) = memberships.by_email(tx, "ana@acme.example")
    alerts.choose(database, member, AlertPreference(0))
    spec = Spec(url=url, resource=Resource.COMPANY, actions=frozenset(Action))
    webhooks.add(database, running.program.box, reseller.id, spec)
    key = authentication.add_key(database, Scope.PLATFORM, None).key
    changes = [
        {"reseller": reseller.uuid, "type": "COMPANY", "uuid": f"c{n}", "content": {"name": "A"}}
        for n in range(CHANGES)
    ]
    async with httpx.AsyncClient(base_url=running.url) as api:
        answer = await api.post(
            "/api/v1/changes",
            json={"changes": changes},
            headers={"authorization": f"Bearer {key}"},
        )
        assert answer.status_code == 200, answer.text
