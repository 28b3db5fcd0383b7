"""What tests of the pages share: a person in front of them, and rows to look at."""

import re
from collections.abc import Sequence, Set
from contextlib import nullcontext
from html import unescape
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import httpx

from reseller_webhooks import clock
from reseller_webhooks.core.access.permissions import Role
from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.core.deliveries.attempts import Attempt, from_status
from reseller_webhooks.core.deliveries.delivery import AttemptResult, Delivery, State, Transition
from reseller_webhooks.core.enums import Action, Resource
from reseller_webhooks.core.health.conditions import Condition
from reseller_webhooks.core.records.events import Event
from reseller_webhooks.core.webhooks.webhook import PasswordAuth, Spec, TokenAuth, Webhook
from reseller_webhooks.core.webhooks.webhook_row import WebhookRow
from reseller_webhooks.crypto import Box
from reseller_webhooks.engine.sending.trusted_certificates import TrustedCertificates
from reseller_webhooks.http.app import create_app
from reseller_webhooks.http.edge.commit_signal import CommitSignal
from reseller_webhooks.http.pages import paths
from reseller_webhooks.operations import users, webhooks
from reseller_webhooks.operations.changes import ChangeRequest, ChangesAnswer
from reseller_webhooks.operations.concurrency import ConcurrencyLimit
from reseller_webhooks.operations.context import AppContext
from reseller_webhooks.operations.public_ids import PublicIds
from reseller_webhooks.operations.quotas import Quotas
from reseller_webhooks.operations.test_webhook import TESTS_MAX
from reseller_webhooks.settings import Settings
from reseller_webhooks.store.db.commits import CommitEffects
from reseller_webhooks.store.db.database import Database, Tx
from reseller_webhooks.store.deliveries import deliveries, results
from reseller_webhooks.store.records import events
from tests.conftest import SECRET_KEY

HOST = "http://pages.test"
OK = from_status(200, 48, response='{"received":true}')
TOKEN = TokenAuth(token="t0ken-of-the-receiver")
OAUTH2 = PasswordAuth(
    token_url="https://id.example.com/token",
    client_id="crm",
    client_secret="cl13nt-secret",
    username="ana-at-crm",
    password="pa55word-at-crm",
    scope="hooks",
)
SECRETS = ("t0ken-of-the-receiver", "cl13nt-secret", "pa55word-at-crm")


class Outside:
    """What the pages act on: what their commits wrote, and a receiver for test notifications."""

    def __init__(self) -> None:
        self.written: list[Set[CommitEffects]] = []
        self.tried: list[Webhook] = []
        self.answer: Attempt = OK

    def committed(self, written: Set[CommitEffects]) -> None:
        self.written.append(written)

    async def send_test(self, webhook: Webhook) -> Attempt:
        self.tried.append(webhook)
        return self.answer


async def _no_changes(_: ChangeRequest) -> ChangesAnswer:
    raise AssertionError("no page changes records")


async def _ready() -> list[Condition]:
    return []


def house_of(database: Database, outside: Outside, **given: Any) -> AppContext:
    database.commits.listen(outside.committed)
    settings = Settings(**({"database": database.url, "public_url": HOST} | given))
    return AppContext(
        settings=settings,
        database=database,
        box=Box([SECRET_KEY]),
        quotas=Quotas(database, settings.quotas),
        ids=PublicIds(database),
        submit=_no_changes,
        send_test=outside.send_test,
        event_commits=CommitSignal(),
        tests=ConcurrencyLimit(TESTS_MAX),
        conditions=list,
        readiness=_ready,
    )


class Person:
    """Somebody with a browser that neither runs scripts nor follows redirects by itself."""

    def __init__(self, context: AppContext) -> None:
        self.context = context
        self.trust = TrustedCertificates(context.settings.ca_file)
        app = create_app(context, lambda _: nullcontext(), lambda: self.trust.context)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        self.client = httpx.AsyncClient(
            transport=transport, base_url=context.settings.public_url, follow_redirects=False
        )

    async def enters(self, role: Role, reseller: Reseller | None) -> "Person":
        """Follow a fresh sign-in link; an operator turns to the reseller, if one is given."""
        own = None if reseller is None or role is Role.OPERATOR else reseller.uuid
        link = users.add(self.context.database, f"{uuid4()}@acme.example", role, own)
        await self.opens(f"{paths.SIGN_IN}/{link}")
        if role is Role.OPERATOR and reseller:
            await self.send(paths.reseller(reseller.uuid))
        return self

    async def opens(self, link: str) -> httpx.Response:
        """Open a sign-in link and press its button."""
        fields = [("form-token", token_in((await self.client.get(link)).text))]
        return await self.send_raw(link, fields)

    async def see(self, path: str) -> str:
        """The page at a path, which is there."""
        answer = await self.client.get(path)
        assert answer.status_code == 200, (path, answer.status_code)
        return answer.text

    async def token(self) -> str:
        """What every form of this session repeats."""
        return token_in((await self.client.get(paths.ACCOUNT)).text)

    async def send(self, path: str, fields: Any = (), **headers: str) -> httpx.Response:
        """Send a form as the page has it: with its token, from its origin."""
        named = list(fields.items() if isinstance(fields, dict) else fields)
        return await self.send_raw(path, [*named, ("form-token", await self.token())], **headers)

    async def send_raw(
        self, path: str, fields: Sequence[tuple[str, str]], **headers: str
    ) -> httpx.Response:
        """Send exactly these fields."""
        sent = {"content-type": "application/x-www-form-urlencoded", "origin": HOST}
        sent |= {name.replace("_", "-"): text for name, text in headers.items()}
        given = {name: text for name, text in sent.items() if text}
        return await self.client.post(path, content=urlencode(fields), headers=given)

    async def follow(self, answer: httpx.Response) -> str:
        """The page that an answer leads to."""
        assert answer.status_code == 303, (answer.status_code, words(answer.text))
        return await self.see(answer.headers["location"])


def token_in(html: str) -> str:
    found = re.search(r'name="form-token" value="([^"]+)"', html)
    return found[1] if found else ""


def words(html: str) -> str:
    """What a page says, without its tags."""
    text = re.sub(r"<(script|style|head)\b.*?</\1>|<wbr>", "", html, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", text)).split())


def a_webhook(context: AppContext, reseller: Reseller, **given: Any) -> WebhookRow:
    wanted: dict[str, Any] = {
        "url": "https://crm.example.com/hook",
        "resource": Resource.COMPANY,
        "actions": frozenset(Action),
    }
    spec = Spec(**wanted | given)
    return webhooks.add(context.database, context.box, reseller.id, spec).webhook


def tell(context: AppContext, row: WebhookRow, *, count: int = 1, **given: Any) -> list[int]:
    """Pending deliveries to a webhook about as many changes; their numbers, oldest first."""
    columns: dict[str, Any] = {
        "reseller_id": row.reseller_id,
        "resource": row.resource,
        "resource_uuid": "acme",
        "action": Action.CHANGED,
        "version": 3,
        "changed_at": 1,
        "body": '{"uuid":"e","resource":{"content":{"name":"Acme <b>&</b> Söhne","total":10.5}}}',
    } | given
    columns["ticked"] = frozenset({columns["action"]})
    some = [Event(uuid=str(uuid4()), **columns) for _ in range(count)]
    with context.database.write() as tx:
        before = _pending(tx, row)
        events.fan_out(tx, events.add(tx, some))
        return sorted(_pending(tx, row) - before)


def _pending(tx: Tx, row: WebhookRow) -> set[int]:
    return {one.id for one in _unfinished(tx, row)}


def _unfinished(tx: Tx, row: WebhookRow) -> list[Delivery]:
    return [one for _, one in deliveries.above(tx, 0, limit=1000) if one.webhook_id == row.id]


def attempt(
    context: AppContext, row: WebhookRow, result: Attempt, state: State, *, only: int | None = None
) -> None:
    """Try every pending delivery of a webhook once more, or only one of them."""
    again_at = clock.now() + 240 * clock.SECOND if state is State.PENDING else None
    with context.database.write() as tx:
        made = [
            AttemptResult(one, one.attempts + 1, clock.now(), result, Transition(state, again_at))
            for one in _unfinished(tx, row)
            if only in (None, one.id)
        ]
        results.finish(tx, made)


def a_tried_webhook(
    context: AppContext, reseller: Reseller, result: Attempt, state: State, *, count: int = 1
) -> WebhookRow:
    """A webhook that was told of so many changes, and what came of the attempt of each."""
    row = a_webhook(context, reseller)
    tell(context, row, count=count)
    attempt(context, row, result, state)
    return row
