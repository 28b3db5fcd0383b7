"""E-mails reach a real mail server, or wait for it."""

import asyncio
import ssl
from collections.abc import Callable
from email.message import EmailMessage

import pytest
from sqlalchemy import select, update

from reseller_webhooks.core.alerts import AlertPreference
from reseller_webhooks.core.smtp_url import SmtpUrl
from reseller_webhooks.crypto import Box
from reseller_webhooks.http.pages import paths
from reseller_webhooks.mail.mailer import REPORTED_AFTER_S, Mailer
from reseller_webhooks.mail.messages import AlertMessages
from reseller_webhooks.mail.smtp import SmtpServer
from reseller_webhooks.operations import alerts
from reseller_webhooks.operations.alert_links import membership_of
from reseller_webhooks.settings import Settings
from reseller_webhooks.store.db.database import Database
from reseller_webhooks.store.tables import email
from testkit.ports import free_port
from tests.conftest import SECRET_KEY
from tests.mail.mail_server import MailServer
from tests.mail.world import ANA, World
from tests.receivers.authority import Authority

PORTAL = "https://portal.example"
SETTINGS = Settings(public_url=PORTAL, mail_from="Hooks <hooks@portal.example>")
BOX = Box([SECRET_KEY])


@pytest.fixture
def database(on_sqlite: Database) -> Database:
    return on_sqlite


@pytest.fixture
def send(world: World, trusted: ssl.SSLContext) -> Callable[[str], Mailer]:
    """Sends what is due by the mail server of a URL."""

    def start(url: str) -> Mailer:
        server = SmtpServer(SmtpUrl.parse(url), lambda: trusted)
        mailer = Mailer(world.database, AlertMessages(SETTINGS, BOX), server)
        asyncio.run(mailer.send_due())
        return mailer

    return start


def outbox(world: World) -> tuple[int, str, bool]:
    """Failures, reason, and whether it is finished, of the only e-mail."""
    with world.database.read() as tx:
        row = tx.connection.execute(select(email)).one()
    return row.failures, row.reason, row.finished_at is not None


def text(message: EmailMessage) -> str:
    content: str = message.get_content()
    return content


def test_an_admin_reads_which_webhook_fails_and_why(
    world: World, send: Callable[[str], Mailer], mail_server: MailServer
) -> None:
    world.webhook(failing_s=3600)
    send(mail_server.url)
    (message,) = mail_server.accepted

    assert message["From"] == "Hooks <hooks@portal.example>"
    assert message["To"] == ANA
    assert message["Subject"] == "[AppReseller] A webhook is failing"
    assert message["Auto-Submitted"] == "auto-generated"
    assert "- https://receiver.example/hook (Company)" in text(message)
    assert f"{PORTAL}{paths.WEBHOOKS}/" in text(message)
    assert outbox(world) == (0, "", True)


def test_the_link_that_stops_alerts_names_the_user_and_opens_nothing_else(
    world: World, send: Callable[[str], Mailer], mail_server: MailServer
) -> None:
    world.webhook(failing_s=3600)
    send(mail_server.url)
    link = mail_server.accepted[0]["List-Unsubscribe"].strip("<>")
    token = link.removeprefix(f"{PORTAL}{paths.STOP_ALERTS}/")

    assert membership_of(BOX, token) == world.admin.uuid
    assert link in text(mail_server.accepted[0])


def test_an_alert_is_in_the_language_of_its_reader(
    world: World, send: Callable[[str], Mailer], mail_server: MailServer
) -> None:
    alerts.choose(world.database, world.admin, AlertPreference(0, "de"))
    number = world.webhook(failing_s=3600)
    send(mail_server.url)
    world.let_digest_pass()
    world.recover(number)
    send(mail_server.url)

    assert [one["Subject"] for one in mail_server.accepted] == [
        "[AppReseller] Ein Webhook schlägt fehl",
        "[AppReseller] Ein Webhook funktioniert wieder",
    ]


def test_a_mail_server_with_starttls_and_a_password(
    world: World, send: Callable[[str], Mailer], authority: Authority
) -> None:
    world.webhook(failing_s=3600)
    with MailServer(tls=authority.serves("127.0.0.1"), login=("hooks", "s3cret")) as server:
        send(server.url)

    assert len(server.accepted) == 1


def test_a_wrong_password_is_not_fatal_and_stands_in_no_reason(
    world: World, send: Callable[[str], Mailer], authority: Authority
) -> None:
    world.webhook(failing_s=3600)
    with MailServer(tls=authority.serves("127.0.0.1"), login=("hooks", "s3cret")) as server:
        send(server.url.replace("s3cret", "wr0ng-one"))
    failures, reason, is_finished = outbox(world)

    assert (failures, is_finished) == (1, False)
    assert "535" in reason
    assert "wr0ng-one" not in reason


def test_a_certificate_that_is_not_trusted_ends_the_attempt(
    world: World, send: Callable[[str], Mailer]
) -> None:
    world.webhook(failing_s=3600)
    with MailServer(tls=Authority().serves("127.0.0.1"), login=("hooks", "s3cret")) as server:
        send(server.url)

    assert server.accepted == []
    assert outbox(world)[0] == 1


@pytest.mark.parametrize(
    ("reply", "is_finished"), [("550 no such mailbox", True), ("451 come again", False)]
)
def test_a_refused_recipient_is_tried_again_only_where_that_may_help(
    world: World,
    send: Callable[[str], Mailer],
    mail_server: MailServer,
    reply: str,
    is_finished: bool,
) -> None:
    world.webhook(failing_s=3600)
    mail_server.reply = reply
    send(mail_server.url)

    assert outbox(world)[1:] == (f"the mail server answered {reply}", is_finished)


def test_an_email_waits_for_a_mail_server_that_is_away(
    world: World, send: Callable[[str], Mailer], mail_server: MailServer
) -> None:
    world.webhook(failing_s=3600)
    mailer = send(f"smtp://127.0.0.1:{free_port()}")
    away = outbox(world)
    with world.database.write() as tx:
        tx.connection.execute(update(email).values(next_at=tx.now))
    send(mail_server.url)

    assert away == (1, "connection refused", False)
    assert list(mailer.conditions()) == []
    mailer._failing_since_s = (mailer._failing_since_s or 0) - REPORTED_AFTER_S
    assert [one.params["error"] for one in mailer.conditions()] == ["connection refused"]
    assert len(mail_server.accepted) == 1


def test_without_a_mail_server_alerts_are_in_the_log(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.webhook(failing_s=3600)
    mailer = Mailer(world.database, AlertMessages(SETTINGS, BOX), None)
    asyncio.run(mailer.send_due())

    assert "[AppReseller] A webhook is failing" in capsys.readouterr().out
    assert outbox(world) == (0, "", True)
