"""Add Webhook and Edit Webhook: what is saved, and every way in which it is refused."""

import asyncio
import json
import re
from contextlib import ExitStack
from dataclasses import replace
from html import unescape
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from reseller_webhooks.core.access.permissions import Role
from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.core.deliveries.attempts import Attempt, from_status
from reseller_webhooks.core.enums import Action, Resource
from reseller_webhooks.core.messages.requests import TOO_MANY_TESTS
from reseller_webhooks.core.webhooks.settings import Mode
from reseller_webhooks.core.webhooks.webhook import (
    ClientCredentialsAuth,
    NoAuth,
    SpecPatch,
    TokenAuth,
    Webhook,
)
from reseller_webhooks.core.webhooks.webhook_row import WebhookRow
from reseller_webhooks.http.pages import paths
from reseller_webhooks.operations import webhooks
from reseller_webhooks.operations.context import AppContext
from reseller_webhooks.operations.test_webhook import TESTS_MAX
from reseller_webhooks.operations.webhook_secrets import open_auth
from reseller_webhooks.store.db.commits import CommitEffects
from reseller_webhooks.store.db.database import Database
from tests.pages.browser_client import (
    OAUTH2,
    SECRETS,
    TOKEN,
    Outside,
    Person,
    a_webhook,
    house_of,
    words,
)

LEAST = {
    "url": "https://crm.example.com/hook",
    "resource": "COMPANY",
    "actions": "ADDED",
    "auth": "NONE",
    "mode": "EVERY_CHANGE",
    "maxInFlight": "10",
    "ratePerSecond": "",
}
TEST = f"{paths.ADD}/test"
BY_TOKEN = {"auth": "TOKEN", "token": "t0ken-of-the-receiver"}
BY_OAUTH2 = {
    "auth": "OAUTH2_PASSWORD",
    "tokenUrl": "https://id.example.com/token",
    "clientId": "crm",
    "clientSecret": "cl13nt-secret",
    "username": "ana-at-crm",
    "password": "pa55word-at-crm",
    "scope": "hooks",
}

RATE = "Requests per second: Enter a number above 0 and up to 100000, or nothing for no limit."


def only(context: AppContext, reseller: Reseller) -> WebhookRow:
    (row,) = webhooks.page(context.database, reseller.id)
    return row


def auth_of(context: AppContext, row: WebhookRow) -> Any:
    return open_auth(context.box, row)


def kept_in(html: str) -> str:
    """The sealed secrets that the form brings along."""
    return html.partition('name="kept" value="')[2].partition('"')[0]


class Slow(Outside):
    """A receiver that answers when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.end = asyncio.Event()
        self._waiting = asyncio.Semaphore(0)

    async def begun(self, count: int) -> None:
        for _ in range(count):
            await self._waiting.acquire()

    async def send_test(self, webhook: Webhook) -> Attempt:
        self._waiting.release()
        await self.end.wait()
        return await super().send_test(webhook)


def problems(html: str) -> list[str]:
    """What the summary lists."""
    top = html.partition('id="problems"')[2].partition("</ul>")[0]
    return [words(f"<a{item}") for item in top.split("<a")[1:]]


@pytest.mark.parametrize(
    ("given", "auth"),
    [({}, NoAuth()), (BY_TOKEN, TOKEN), (BY_OAUTH2, OAUTH2)],
    ids=["none", "token", "oauth2"],
)
async def test_a_webhook_is_saved_as_it_was_filled_in(
    context: AppContext, northwind: Reseller, admin: Person, given: dict[str, str], auth: Any
) -> None:
    await admin.send(paths.ADD, LEAST | given)
    row = only(context, northwind)

    assert (row.url, row.resource, row.actions) == (LEAST["url"], Resource.COMPANY, {Action.ADDED})
    assert auth_of(context, row) == auth


async def test_several_actions_and_the_delivery_settings_are_saved(
    context: AppContext, northwind: Reseller, admin: Person
) -> None:
    more = {"mode": "LATEST_STATE", "ordered": "on", "maxInFlight": "3", "ratePerSecond": "2.5"}
    ticked = [("actions", "REMOVED"), ("actions", "CHANGED")]
    await admin.send(paths.ADD, [*(LEAST | more).items(), *ticked])
    row = only(context, northwind)

    assert row.actions == frozenset(Action)
    assert (row.mode, row.ordered, row.max_in_flight, row.rate_per_second) == (
        Mode.LATEST_STATE,
        True,
        3,
        2.5,
    )


async def test_a_form_without_delivery_settings_means_the_usual_ones(
    context: AppContext, northwind: Reseller, admin: Person
) -> None:
    few = {name: LEAST[name] for name in ("url", "resource", "actions", "auth", "maxInFlight")}
    await admin.send(paths.ADD, few)
    row = only(context, northwind)

    assert (row.mode, row.ordered, row.rate_per_second) == (Mode.EVERY_CHANGE, False, None)


async def test_blanks_around_what_was_pasted_are_left_out_but_for_passwords(
    context: AppContext, northwind: Reseller, admin: Person
) -> None:
    pasted = {name: f" {text}\r\n" for name, text in BY_OAUTH2.items() if name != "auth"}
    await admin.send(paths.ADD, LEAST | pasted | {"auth": "OAUTH2_PASSWORD"})
    auth = auth_of(context, only(context, northwind))

    assert (auth.token_url, auth.client_id, auth.username) == (
        BY_OAUTH2["tokenUrl"],
        "crm",
        "ana-at-crm",
    )
    assert auth.password == " pa55word-at-crm\r\n"


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"url": ""}, "URL: Enter the HTTPS address that notifications are sent to."),
        (
            {"url": "http://crm.example.com/"},
            "URL: Begins with http://; notifications go over https:// only.",
        ),
        (
            {"url": "crm.example.com"},
            "URL: Does not begin with https://; enter the full URL, "
            "for example https://hooks.example.com/notifications.",
        ),
        (
            {"url": "https://ana:pw@crm.example.com/"},
            "URL: Holds a user name or password; leave it out and choose Token or OAuth2.",
        ),
        (
            {"url": "https://crm.example.com/#top"},
            "URL: Has a fragment (from the # on), which is never sent; leave it out.",
        ),
        (
            {"url": "https://intranet/hook"},
            "URL: Host 'intranet' has no domain; write the full name, as in intranet.example.com.",
        ),
        ({"resource": ""}, "Resource: Select a resource."),
        ({"resource": "PIZZA"}, "Resource: Select a resource."),
        ({"actions": ""}, "Action: Tick Added, Deleted or Changed."),
        ({"auth": ""}, "Authentication: Choose None, Token or OAuth2."),
        ({"auth": "BASIC"}, "Authentication: Choose None, Token or OAuth2."),
        ({"auth": "TOKEN"}, "Token: Enter the token that the receiver checks."),
        (
            {"auth": "TOKEN", "token": "two words"},
            "Token: Use only letters, digits and signs, without blanks: it goes out as a header.",
        ),
        (
            {"auth": "TOKEN", "token": "line\r\nx-evil: 1"},
            "Token: Use only letters, digits and signs, without blanks: it goes out as a header.",
        ),
        ({"auth": "TOKEN", "token": "t" * 4097}, "Token: Enter at most 4096 characters."),
        (
            BY_OAUTH2 | {"tokenUrl": ""},
            "Access Token URI: Enter the HTTPS address at which access tokens are fetched.",
        ),
        (
            BY_OAUTH2 | {"clientId": ""},
            "Client ID: Enter the client ID that the token server knows.",
        ),
        (BY_OAUTH2 | {"clientSecret": ""}, "Client Secret: Enter the client secret."),
        (BY_OAUTH2 | {"username": ""}, "Username: Enter the name of the user to sign in as."),
        (BY_OAUTH2 | {"password": ""}, "Password: Enter the password of that user."),
        ({"mode": "SOMETIMES"}, "After an outage: Choose one of the two."),
        ({"maxInFlight": "0"}, "Requests at once: Enter a whole number from 1 to 1000."),
        ({"maxInFlight": "many"}, "Requests at once: Enter a whole number from 1 to 1000."),
        ({"maxInFlight": ""}, "Requests at once: Enter a whole number from 1 to 1000."),
        ({"ratePerSecond": "-1"}, RATE),
        ({"ratePerSecond": "nan"}, RATE),
    ],
)
async def test_what_cannot_be_saved_is_said_at_the_top_and_beside_the_field(
    context: AppContext, northwind: Reseller, admin: Person, given: dict[str, str], problem: str
) -> None:
    answer = await admin.send(paths.ADD, LEAST | given)
    sentence = problem.partition(": ")[2]

    assert answer.status_code == 422
    assert problems(answer.text) == [problem]
    assert words(answer.text).count(sentence) == 2
    assert answer.text.count('aria-invalid="true"') == 1
    assert "<title>Error: Add Webhook" in answer.text
    assert webhooks.page(context.database, northwind.id) == []


async def test_an_address_inside_is_refused_unless_the_operator_allows_it(
    context: AppContext, northwind: Reseller, admin: Person
) -> None:
    answer = await admin.send(paths.ADD, LEAST | {"url": "https://169.254.169.254/"})
    lenient = house_of(context.database, Outside(), allow_targets="127.0.0.0/8")
    local = Person(lenient)
    local.client.cookies.update(admin.client.cookies)
    allowed = await local.send(paths.ADD, LEAST | {"url": "https://127.0.0.1:8443/"})

    assert "169.254.169.254 is link-local" in problems(answer.text)[0]
    assert "ask the operator to allow 169.254.169.254/32." in problems(answer.text)[0]
    assert "ALLOW_TARGETS" not in answer.text
    assert allowed.status_code == 303


async def test_everything_that_is_wrong_is_said_at_once_in_the_pages_order(admin: Person) -> None:
    given = {"auth": "OAUTH2_PASSWORD", "url": "http://x", "maxInFlight": "0"}
    found = problems((await admin.send(paths.ADD, given)).text)

    assert [one.partition(":")[0] for one in found] == [
        "URL",
        "Resource",
        "Action",
        "Access Token URI",
        "Client ID",
        "Client Secret",
        "Username",
        "Password",
        "Requests at once",
    ]


async def test_each_problem_leads_to_a_field_that_is_there(admin: Person) -> None:
    wrong = {"mode": "SOMETIMES", "maxInFlight": "0", "ratePerSecond": "0", "url": "x"}
    html = (await admin.send(paths.ADD, wrong | {"auth": "OAUTH2_PASSWORD"})).text
    token = (await admin.send(paths.ADD, {"auth": "TOKEN"})).text
    for page in (html, token):
        top = page.partition('id="problems"')[2].partition("</ul>")[0]
        targets = [part.partition('"')[0] for part in top.split('href="#')[1:]]

        assert targets
        assert [one for one in targets if f'id="{one}"' not in page] == []


async def test_nothing_that_was_typed_is_lost_and_no_secret_is_shown(admin: Person) -> None:
    given = LEAST | BY_OAUTH2 | {"url": "http://crm.example.com/<b>", "ratePerSecond": "7"}
    html = (await admin.send(paths.ADD, given)).text

    assert 'value="http://crm.example.com/&lt;b&gt;"' in html
    assert '<option value="COMPANY" selected>' in html
    assert 'value="ADDED" checked' in html
    assert 'value="OAUTH2_PASSWORD" checked' in html
    for text in ("https://id.example.com/token", "crm", "ana-at-crm", "hooks", "7"):
        assert f'value="{text}"' in html
    assert not [one for one in SECRETS if one in html]
    assert words(html).count("Kept as you entered it; leave empty to use it.") == 2


async def test_secrets_that_were_typed_before_are_used_when_their_fields_are_left_empty(
    context: AppContext, northwind: Reseller, admin: Person
) -> None:
    html = (await admin.send(paths.ADD, LEAST | BY_OAUTH2 | {"url": ""})).text
    blank = dict.fromkeys(("clientSecret", "password"), "")
    await admin.send(paths.ADD, LEAST | BY_OAUTH2 | blank | {"kept": kept_in(html)})

    assert auth_of(context, only(context, northwind)) == OAUTH2


async def test_a_secret_that_is_typed_again_counts(
    context: AppContext, northwind: Reseller, admin: Person
) -> None:
    html = (await admin.send(paths.ADD, LEAST | BY_TOKEN | {"url": ""})).text
    await admin.send(paths.ADD, LEAST | BY_TOKEN | {"token": "newer", "kept": kept_in(html)})

    assert auth_of(context, only(context, northwind)) == TokenAuth(token="newer")


async def test_a_secret_that_has_to_be_mended_is_not_kept(admin: Person) -> None:
    html = (await admin.send(paths.ADD, LEAST | {"auth": "TOKEN", "token": "two words"})).text

    assert kept_in(html) == ""


@pytest.mark.parametrize("kept", ["", "x", "gAAAA", "é"])
async def test_kept_secrets_that_were_made_up_are_none(admin: Person, kept: str) -> None:
    answer = await admin.send(paths.ADD, LEAST | {"auth": "TOKEN", "kept": kept})

    assert problems(answer.text) == ["Token: Enter the token that the receiver checks."]


async def test_kept_secrets_are_of_no_use_to_another_session(
    context: AppContext, northwind: Reseller, admin: Person
) -> None:
    html = (await admin.send(paths.ADD, LEAST | BY_TOKEN | {"url": ""})).text
    other = await Person(context).enters(Role.ADMIN, northwind)
    answer = await other.send(paths.ADD, LEAST | {"auth": "TOKEN", "kept": kept_in(html)})

    assert problems(answer.text) == ["Token: Enter the token that the receiver checks."]


async def test_a_test_notification_goes_out_as_it_was_typed_and_nothing_is_saved(
    context: AppContext, northwind: Reseller, admin: Person, outside: Outside
) -> None:
    answer = await admin.send(TEST, LEAST | BY_TOKEN)
    (tried,) = outside.tried

    assert (tried.url, tried.resource, tried.auth) == (LEAST["url"], Resource.COMPANY, TOKEN)
    assert "was accepted. The receiver answered 200 after 48 ms." in words(answer.text)
    assert "Nothing was saved." in words(answer.text)
    assert f'value="{LEAST["url"]}"' in answer.text
    assert kept_in(answer.text)
    assert TOKEN.token not in answer.text
    assert webhooks.page(context.database, northwind.id) == []
    assert outside.written == []


async def test_a_test_notification_that_was_not_accepted_says_why_on_the_form(
    admin: Person, outside: Outside
) -> None:
    outside.answer = from_status(401, 5, response="who are <b>you</b>?")
    text = words((await admin.send(TEST, LEAST)).text)

    assert "The test notification was not accepted. Answered 401;" in text
    assert "Check the authentication of the webhook" in text
    assert "who are <b>you</b>?" in text


async def test_what_cannot_be_saved_is_not_tried(admin: Person, outside: Outside) -> None:
    answer = await admin.send(TEST, LEAST | {"url": "http://crm.example.com/"})

    assert answer.status_code == 422
    assert problems(answer.text) == [
        "URL: Begins with http://; notifications go over https:// only."
    ]
    assert outside.tried == []


async def test_an_edit_is_tried_with_stored_secrets_and_changes_nothing(
    context: AppContext, northwind: Reseller, admin: Person, outside: Outside
) -> None:
    row = a_webhook(context, northwind, auth=TOKEN)
    given = LEAST | {"url": "https://crm.example.com/newer", "auth": "TOKEN", "token": ""}
    answer = await admin.send(paths.webhook(row.uuid, "edit/test"), given)
    (tried,) = outside.tried

    assert (tried.url, tried.auth) == ("https://crm.example.com/newer", TOKEN)
    assert tried.secret == webhooks.open_webhook(context.box, row, 0).secret
    assert 'value="https://crm.example.com/newer"' in answer.text
    assert replace(only(context, northwind), revision=row.revision) == row


async def test_only_so_many_tests_of_a_reseller_are_under_way(
    database: Database, northwind: Reseller
) -> None:
    slow = Slow()
    admin = await Person(house_of(database, slow)).enters(Role.ADMIN, northwind)
    async with asyncio.TaskGroup() as group:
        some = [group.create_task(admin.send(TEST, LEAST)) for _ in range(3)]
        await slow.begun(3)
        one_more = await admin.send(TEST, LEAST)
        slow.end.set()

    assert "was not sent. 3 test notifications are under way already" in words(one_more.text)
    assert all("was accepted" in words(one.result().text) for one in some)


async def test_tests_by_api_count_towards_the_same_limit(
    context: AppContext, northwind: Reseller, admin: Person
) -> None:
    with ExitStack() as by_api:
        for _ in range(TESTS_MAX):
            by_api.enter_context(context.tests.hold(northwind.id, TOO_MANY_TESTS))
        refused = await admin.send(TEST, LEAST)
    after = await admin.send(TEST, LEAST)

    assert "3 test notifications are under way already" in words(refused.text)
    assert "was accepted" in words(after.text)


async def test_the_form_shows_an_example_of_each_resources_notification(admin: Person) -> None:
    html = await admin.see(paths.ADD)

    for one in Resource:
        shown = html.partition(f'id="example-{one.value}">')[2].partition("</pre>")[0]
        notification = json.loads(unescape(shown))
        assert notification["resource"]["type"] == one.value


async def test_a_second_webhook_for_url_and_resource_is_refused_on_the_form(
    context: AppContext, northwind: Reseller, admin: Person
) -> None:
    await admin.send(paths.ADD, LEAST)
    answer = await admin.send(paths.ADD, LEAST | {"actions": "REMOVED"})

    assert answer.status_code == 409
    assert "There is already a webhook for this resource to this URL" in problems(answer.text)[0]
    assert f'value="{LEAST["url"]}"' in answer.text
    assert len(webhooks.page(context.database, northwind.id)) == 1


async def test_the_form_says_for_each_resource_and_action_what_the_page_says(
    admin: Person,
) -> None:
    text = words(await admin.see(paths.ADD))
    said = [
        "Resource Initiates a notification when:",
        "Company is added, changed, or deleted.",
        "Invoice is added, changed, or deleted.",
        "Sales lead is added, changed, or deleted.",
        "Order is added, changed, or deleted. An order is the selected product and edition "
        "included in a subscription.",
        "Subscription is added, changed, or deleted.",
        "Triggers a notification when an application assignment is initiated, and the status is "
        "set to pending. A separate notification is triggered when the application is "
        "successfully provisioned.",
        "Triggers a notification when an application unassignment is initiated, and the status "
        "is set to pending. A separate notification is triggered when the application is "
        "successfully provisioned.",
        "Triggers a notification when the status of an assignment changes.",
        "An application assignment changes from one pending status to another, for example, when "
        "a status changes from PENDING_USER_ACTIVATION to PENDING_REMOTE_CREATION .",
    ]

    assert [one for one in said if one not in text] == []


async def test_editing_shows_what_is_stored_but_no_secret(
    context: AppContext, northwind: Reseller, admin: Person
) -> None:
    row = a_webhook(context, northwind, auth=OAUTH2, rate_per_second=2.5, ordered=True)
    html = await admin.see(paths.webhook(row.uuid, "edit"))

    for text in (row.url, "https://id.example.com/token", "crm", "ana-at-crm", "hooks", "2.5"):
        assert f'value="{text}"' in html
    assert words(html).count("Stored; leave empty to keep it.") == 2
    assert not [one for one in SECRETS if one in html]


@pytest.mark.parametrize(("auth", "given"), [(TOKEN, BY_TOKEN), (OAUTH2, BY_OAUTH2)])
async def test_a_secret_that_is_left_empty_is_kept(
    context: AppContext, northwind: Reseller, admin: Person, auth: Any, given: dict[str, str]
) -> None:
    row = a_webhook(context, northwind, auth=auth)
    blank = dict.fromkeys(("token", "clientSecret", "password"), "")
    answer = await admin.send(
        paths.webhook(row.uuid, "edit"), LEAST | given | blank | {"actions": "REMOVED"}
    )
    changed = only(context, northwind)

    assert "The webhook was saved." in words(await admin.follow(answer))
    assert changed.actions == {Action.REMOVED}
    assert auth_of(context, changed) == auth


async def test_a_secret_that_is_typed_replaces_the_stored_one(
    context: AppContext, northwind: Reseller, admin: Person
) -> None:
    row = a_webhook(context, northwind, auth=TOKEN)
    given = LEAST | {"auth": "TOKEN", "token": "newer"}
    await admin.send(paths.webhook(row.uuid, "edit"), given)

    assert auth_of(context, only(context, northwind)) == TokenAuth(token="newer")


async def test_another_kind_of_authentication_needs_its_own_secrets(
    context: AppContext, northwind: Reseller, admin: Person
) -> None:
    row = a_webhook(context, northwind, auth=TOKEN)
    path = paths.webhook(row.uuid, "edit")
    answer = await admin.send(path, LEAST | BY_OAUTH2 | {"password": ""})

    assert problems(answer.text) == ["Password: Enter the password of that user."]
    assert auth_of(context, only(context, northwind)) == TOKEN


async def test_none_forgets_what_was_stored(
    context: AppContext, northwind: Reseller, admin: Person
) -> None:
    row = a_webhook(context, northwind, auth=OAUTH2)
    await admin.send(paths.webhook(row.uuid, "edit"), LEAST)

    assert auth_of(context, only(context, northwind)) == NoAuth()


async def test_client_credentials_set_by_api_outlive_an_edit_on_the_page(
    context: AppContext, northwind: Reseller, admin: Person
) -> None:
    auth = ClientCredentialsAuth(
        token_url="https://id.example.com/token", client_id="crm", client_secret="cl13nt-secret"
    )
    row = a_webhook(context, northwind, auth=auth)
    path = paths.webhook(row.uuid, "edit")
    html = await admin.see(path)
    given = {"auth": auth.type, "tokenUrl": auth.token_url, "clientId": "crm", "scope": ""}
    await admin.send(path, LEAST | given | {"clientSecret": "", "username": "ignored"})

    assert 'value="OAUTH2_CLIENT_CREDENTIALS" checked' in html
    assert auth_of(context, only(context, northwind)) == auth


async def test_a_private_key_is_entered_kept_and_never_shown(
    context: AppContext, northwind: Reseller, admin: Person
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    given = LEAST | BY_OAUTH2 | {"clientAuth": "PRIVATE_KEY_JWT"}
    missing = await admin.send(paths.ADD, given | {"privateKey": ""})
    wrong = await admin.send(paths.ADD, given | {"privateKey": "no key"})
    await admin.send(paths.ADD, given | {"privateKey": pem.replace("\n", "\r\n")})
    row = only(context, northwind)
    path = paths.webhook(row.uuid, "edit")
    html = await admin.see(path)
    blank = dict.fromkeys(("clientSecret", "password", "privateKey"), "")
    await admin.send(path, given | blank | {"scope": "other"})
    auth = auth_of(context, only(context, northwind))

    assert problems(missing.text) == ["Private key: Enter the private key of the client in PEM."]
    assert problems(wrong.text)[0].startswith("Private key: Is no private key in PEM")
    assert pem.splitlines()[1] not in html
    assert "Signed with a private key" in words(await admin.see(paths.webhook(row.uuid)))
    assert (auth.client_auth, auth.client_secret, auth.scope) == ("PRIVATE_KEY_JWT", None, "other")
    assert auth.private_key.split() == pem.split()


async def test_an_edit_that_is_refused_changes_nothing_and_keeps_what_was_typed(
    context: AppContext, northwind: Reseller, admin: Person
) -> None:
    row = a_webhook(context, northwind, auth=TOKEN)
    given = LEAST | BY_TOKEN | {"url": "http://newer.example.com/", "token": ""}
    answer = await admin.send(paths.webhook(row.uuid, "edit"), given)

    assert answer.status_code == 422
    assert "<title>Error: Edit Webhook" in answer.text
    assert 'value="http://newer.example.com/"' in answer.text
    assert "Stored; leave empty to keep it." in words(answer.text)
    assert replace(only(context, northwind), revision=row.revision) == row


async def test_an_edit_cannot_take_the_place_of_another_webhook(
    context: AppContext, northwind: Reseller, admin: Person
) -> None:
    a_webhook(context, northwind)
    row = a_webhook(context, northwind, resource=Resource.LEAD)
    answer = await admin.send(paths.webhook(row.uuid, "edit"), LEAST)

    assert answer.status_code == 409


async def test_a_saved_webhook_wakes_the_engine_and_a_refused_one_does_not(
    admin: Person, outside: Outside
) -> None:
    await admin.send(paths.ADD, LEAST | {"url": ""})
    refused = list(outside.written)
    await admin.send(paths.ADD, LEAST)

    assert (refused, outside.written) == ([], [{CommitEffects.WEBHOOKS}])


@pytest.mark.parametrize(
    "body", [b"url=" + b"x" * 70_000, b"\xff\xfe", b"a=1&" * 100, b"url=https://x.example/%00"]
)
async def test_what_no_browser_sends_is_refused(admin: Person, body: bytes) -> None:
    answer = await admin.client.post(paths.ADD, content=body)

    assert answer.status_code == 422
    assert "This request is not valid" in words(answer.text)


async def test_an_edit_does_not_undo_what_somebody_else_has_saved_meanwhile(
    admin: Person, context: AppContext, northwind: Reseller
) -> None:
    row = a_webhook(context, northwind, auth=TOKEN)
    path = paths.webhook(row.uuid, "edit")
    opened = await admin.see(path)
    colleague = await Person(context).enters(Role.ADMIN, northwind)
    theirs = LEAST | {"url": "https://crm.example.com/theirs"}
    await colleague.send(path, theirs | {"edition": edition_in(await colleague.see(path))})
    mine = LEAST | {"url": "https://crm.example.com/mine"}
    late = await admin.send(path, mine | {"edition": edition_in(opened)})
    between = webhooks.get(context.database, northwind.id, row.uuid).url
    again = await admin.send(path, mine | {"edition": edition_in(late.text)})

    assert late.status_code == 409
    assert "Not saved: somebody else has changed this webhook in the meantime" in words(late.text)
    assert 'value="https://crm.example.com/mine"' in late.text
    assert between == "https://crm.example.com/theirs"
    assert again.status_code == 303
    assert webhooks.get(context.database, northwind.id, row.uuid).url.endswith("/mine")


async def test_a_form_that_was_refused_still_knows_which_edition_it_began_with(
    admin: Person, context: AppContext, northwind: Reseller
) -> None:
    row = a_webhook(context, northwind)
    path = paths.webhook(row.uuid, "edit")
    began = edition_in(await admin.see(path))
    webhooks.change(
        context.database, context.box, northwind.id, row.uuid, SpecPatch(ratePerSecond=5.0)
    )
    refused = await admin.send(path, LEAST | {"url": "", "edition": began})

    assert refused.status_code == 422
    assert edition_in(refused.text) == began


async def test_what_happens_to_a_webhook_by_itself_makes_no_new_edition(
    admin: Person, context: AppContext, northwind: Reseller
) -> None:
    row = a_webhook(context, northwind)
    path = paths.webhook(row.uuid, "edit")
    began = edition_in(await admin.see(path))
    for step in ("pause", "resume", "rotate-secret"):
        await admin.send(paths.webhook(row.uuid, step))

    assert edition_in(await admin.see(path)) == began


def edition_in(html: str) -> str:
    found = re.search(r'name="edition" value="([0-9a-f]+)"', html)
    assert found
    return found[1]
