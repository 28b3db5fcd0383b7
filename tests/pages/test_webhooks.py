"""The Webhooks page and a webhook's own: what they say, and what can be done there."""

import re

import pytest

from reseller_webhooks import clock
from reseller_webhooks.core.access.permissions import Role
from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.core.deliveries.attempts import Attempt, Outcome, Reason, from_status
from reseller_webhooks.core.deliveries.circuits import Circuit
from reseller_webhooks.core.deliveries.delivery import State
from reseller_webhooks.core.enums import Action, Resource
from reseller_webhooks.core.messages.attempts import CERTIFICATE_EXPIRED
from reseller_webhooks.core.webhooks.webhook import WebhookState
from reseller_webhooks.core.webhooks.webhook_row import WebhookRow
from reseller_webhooks.http.pages import paths
from reseller_webhooks.operations import webhooks
from reseller_webhooks.operations.context import AppContext
from reseller_webhooks.store.db.commits import CommitEffects
from reseller_webhooks.store.webhooks import circuit_states
from tests.pages.browser_client import (
    OAUTH2,
    OK,
    TOKEN,
    Outside,
    Person,
    a_tried_webhook,
    a_webhook,
    house_of,
    words,
)

NEW = {
    "url": "https://crm.example.com/hook",
    "resource": "INVOICE",
    "actions": "ADDED",
    "auth": "NONE",
    "maxInFlight": "10",
}
EXPIRED = CERTIFICATE_EXPIRED(host="crm.example.com")


def shown_secret(html: str) -> str:
    found = re.search(r'id="signing-secret" readonly value="([^"]+)"', html)
    return found[1] if found else ""


def signing_secret(context: AppContext, row: WebhookRow) -> str:
    return webhooks.open_webhook(context.box, row, 0).secret


def fails(context: AppContext, row: WebhookRow) -> None:
    """Open the webhook's circuit, as the engine does."""
    now = clock.now()
    circuit = Circuit(
        is_open=True, reason=EXPIRED, since=now, probe_at=now + 60 * clock.SECOND, failures=10
    )
    with context.database.write() as tx:
        circuit_states.note_circuit(tx, row.id, circuit, owner=None)


async def test_without_webhooks_the_page_explains_and_offers_to_add_one(admin: Person) -> None:
    html = await admin.see(paths.WEBHOOKS)
    text = words(html)

    assert "Manage > Reseller > Settings > Integration | Webhooks" in text
    assert "No webhooks yet A webhook sends a notification to another of your systems" in text
    assert html.count(f'href="{paths.ADD}"') == 1


async def test_the_platforms_name_is_the_operators_choice(
    context: AppContext, northwind: Reseller, admin: Person
) -> None:
    branded = Person(house_of(context.database, Outside(), platform_name="Acme <Market>"))
    branded.client.cookies.update(admin.client.cookies)
    html = await branded.see(paths.WEBHOOKS)

    assert "what happens on Acme &lt;Market&gt;" in html
    assert "AppReseller" not in html


async def test_a_created_webhook_is_confirmed_and_in_the_table(admin: Person) -> None:
    text = words(await admin.follow(await admin.send(paths.ADD, NEW)))

    assert "The webhook was created." in text
    assert "https://crm.example.com/hook Invoice Added None No notification yet" in text


async def test_the_signing_secret_is_shown_once_to_the_session_that_asked(
    context: AppContext, northwind: Reseller, admin: Person
) -> None:
    answer = await admin.send(paths.ADD, NEW)
    other = await Person(context).enters(Role.ADMIN, northwind)
    name = "webhooks-notice"
    other.client.cookies.set(name, admin.client.cookies[name])
    theirs = await other.see(paths.WEBHOOKS)
    first, again = await admin.follow(answer), await admin.see(paths.WEBHOOKS)
    (row,) = webhooks.page(context.database, northwind.id)

    assert shown_secret(first) == signing_secret(context, row)
    assert shown_secret(again) == shown_secret(theirs) == ""
    assert "was created" not in words(again)


async def test_a_notice_that_was_made_up_tells_nothing(admin: Person) -> None:
    admin.client.cookies.set("webhooks-notice", "gAAAA")

    assert 'role="status"' not in await admin.see(paths.WEBHOOKS)


async def test_the_table_tells_how_each_webhook_fares(
    context: AppContext, northwind: Reseller, admin: Person
) -> None:
    paused = a_webhook(context, northwind, resource=Resource.LEAD)
    failing = a_webhook(context, northwind, resource=Resource.ORDER, auth=OAUTH2)
    webhooks.pause(context.database, northwind.id, paused.uuid)
    fails(context, failing)
    text = words(await admin.see(paths.WEBHOOKS))

    assert "Lead Added, Deleted, Changed None Paused" in text
    assert "Order Added, Deleted, Changed OAuth2 Failing The certificate of crm" in text


async def test_webhooks_come_in_pages(
    context: AppContext, northwind: Reseller, admin: Person
) -> None:
    for number in range(51):
        a_webhook(context, northwind, url=f"https://crm.example.com/{number:03}")
    first = await admin.see(paths.WEBHOOKS)
    second = await admin.see(f"{paths.WEBHOOKS}?after=50")

    assert (first.count('class="opens"'), second.count('class="opens"')) == (50, 1)
    assert f"{paths.WEBHOOKS}?after=50" in first
    assert len(first.encode()) < 100 * 1024


@pytest.mark.parametrize("after", ["x", "-1", "9" * 30, "٣", "1&after=2"])
async def test_a_place_that_cannot_be_is_the_beginning(admin: Person, after: str) -> None:
    assert "Webhooks" in words(await admin.see(f"{paths.WEBHOOKS}?after={after}"))


async def test_a_webhooks_page_tells_its_settings(
    context: AppContext, northwind: Reseller, admin: Person
) -> None:
    row = a_webhook(context, northwind, auth=OAUTH2, ordered=True, rate_per_second=2.5)
    text = words(await admin.see(paths.webhook(row.uuid)))

    assert "Authentication OAuth2 Access Token URI https://id.example.com/token" in text
    assert "Client ID crm Username ana-at-crm Scope hooks" in text
    assert "Every change, in order" in text
    assert "10 at once, 2.5 a second" in text


async def test_a_webhooks_page_shows_its_newest_notifications(
    context: AppContext, northwind: Reseller, admin: Person
) -> None:
    row = a_tried_webhook(context, northwind, OK, State.DELIVERED, count=6)
    html = await admin.see(paths.webhook(row.uuid))

    assert html.count('class="opens"') == 5
    assert f'href="{paths.log(webhook=row.uuid)}"' in html


async def test_a_failing_webhook_says_why_and_how_it_is_tried(
    context: AppContext, northwind: Reseller, admin: Person
) -> None:
    row = a_webhook(context, northwind)
    fails(context, row)
    text = words(await admin.see(paths.webhook(row.uuid)))

    assert "Failing The certificate of crm.example.com has expired; began" in text
    assert "One notification at a time is sent to see whether the receiver is back" in text


async def test_pause_and_resume_hold_the_webhook_and_tell_the_engine(
    context: AppContext, northwind: Reseller, admin: Person, outside: Outside
) -> None:
    row = a_webhook(context, northwind)
    outside.written.clear()
    paused = await admin.follow(await admin.send(paths.webhook(row.uuid, "pause")))
    state = webhooks.get(context.database, northwind.id, row.uuid).state
    resumed = await admin.follow(await admin.send(paths.webhook(row.uuid, "resume")))

    assert "The webhook was paused." in words(paused)
    assert paths.webhook(row.uuid, "resume") in paused
    assert state is WebhookState.PAUSED
    assert "The webhook was resumed." in words(resumed)
    assert outside.written == [{CommitEffects.WEBHOOKS}] * 2


async def test_a_test_notification_goes_out_with_the_webhooks_secrets_and_its_answer_is_shown(
    context: AppContext, northwind: Reseller, admin: Person, outside: Outside
) -> None:
    row = a_webhook(context, northwind, auth=TOKEN)
    answer = await admin.send(paths.webhook(row.uuid, "test"))
    (tried,) = outside.tried

    assert (tried.url, tried.auth) == (row.url, TOKEN)
    assert "was accepted. The receiver answered 200 after 48 ms." in words(answer.text)
    assert '{"received":true}' in words(answer.text)


@pytest.mark.parametrize(
    ("result", "told"),
    [
        (
            Attempt(Outcome.FAILED, 12, None, Reason.TLS, EXPIRED),
            "The certificate of crm.example.com has expired. It took 12 ms. Give the receiver a",
        ),
        (from_status(401, 5), "Check the authentication of the webhook"),
        (
            from_status(401, 5)._replace(reason=Reason.CLOCK),
            "The clocks of the receiver and of this service differ by more than a minute",
        ),
        (from_status(503, 5, response="<b>down</b>"), "<b>down</b>"),
    ],
    ids=["certificate", "status", "clock", "answer"],
)
async def test_a_test_notification_that_is_not_accepted_says_why_and_what_to_do(
    context: AppContext,
    northwind: Reseller,
    admin: Person,
    outside: Outside,
    result: Attempt,
    told: str,
) -> None:
    row = a_webhook(context, northwind)
    outside.answer = result
    answer = await admin.send(paths.webhook(row.uuid, "test"))

    assert "The test notification was not accepted." in words(answer.text)
    assert told in words(answer.text)


async def test_who_comes_back_to_a_tests_address_sees_the_webhook(
    context: AppContext, northwind: Reseller, admin: Person, outside: Outside
) -> None:
    row = a_webhook(context, northwind)
    answer = await admin.client.get(paths.webhook(row.uuid, "test"))

    assert answer.headers["location"] == paths.webhook(row.uuid)
    assert outside.tried == []


async def test_a_rotated_secret_is_shown_once_and_the_old_one_goes_on_signing(
    context: AppContext, northwind: Reseller, admin: Person, outside: Outside
) -> None:
    row = a_webhook(context, northwind)
    path = paths.webhook(row.uuid)
    outside.written.clear()
    page = await admin.follow(await admin.send(paths.webhook(row.uuid, "rotate-secret")))
    newer = webhooks.get(context.database, northwind.id, row.uuid)

    assert shown_secret(page) == signing_secret(context, newer) != signing_secret(context, row)
    assert "For one day notifications are signed with the old one as well" in words(page)
    assert shown_secret(await admin.see(path)) == ""
    assert outside.written == [{CommitEffects.WEBHOOKS}]


async def test_deleting_takes_a_second_step(
    context: AppContext, northwind: Reseller, admin: Person, outside: Outside
) -> None:
    row = a_webhook(context, northwind)
    asked = await admin.see(paths.webhook(row.uuid, "delete"))
    still_there = webhooks.page(context.database, northwind.id)
    outside.written.clear()
    page = await admin.follow(await admin.send(paths.webhook(row.uuid, "delete")))

    assert "Delete this webhook?" in words(asked)
    assert "Confirm Delete" in words(asked)
    assert [one.uuid for one in still_there] == [row.uuid]
    assert "The webhook was deleted. Nothing more is sent to https://crm" in words(page)
    assert webhooks.page(context.database, northwind.id) == []
    assert outside.written == [{CommitEffects.WEBHOOKS}]


async def test_a_secret_cannot_be_seen_any_more_once_its_webhook_is_gone(
    context: AppContext, northwind: Reseller, admin: Person
) -> None:
    answer = await admin.send(paths.ADD, NEW)
    (row,) = webhooks.page(context.database, northwind.id)
    webhooks.delete(context.database, northwind.id, row.uuid)
    page = await admin.follow(answer)

    assert shown_secret(page) == ""


async def test_what_a_reseller_wrote_is_text_and_never_markup(
    context: AppContext, northwind: Reseller, admin: Person
) -> None:
    row = a_webhook(context, northwind, url='https://crm.example.com/?a="><script>x</script>')
    row_page = await admin.see(paths.webhook(row.uuid))

    for html in (await admin.see(paths.WEBHOOKS), row_page):
        assert "<script>x" not in html


async def test_actions_are_named_in_the_pages_order(
    context: AppContext, northwind: Reseller, admin: Person
) -> None:
    a_webhook(context, northwind, actions=frozenset({Action.CHANGED, Action.ADDED}))

    assert "Company Added, Changed None" in words(await admin.see(paths.WEBHOOKS))


async def test_the_list_opens_where_a_new_webhook_stands(
    admin: Person, context: AppContext, northwind: Reseller
) -> None:
    for number in range(60):
        a_webhook(context, northwind, url=f"https://crm.example.com/{number}")
    fields = {"url": "https://new.example/", "resource": "LEAD", "actions": "ADDED", "auth": "NONE"}
    fields |= {"mode": "EVERY_CHANGE", "maxInFlight": "10", "ratePerSecond": ""}

    shown = await admin.follow(await admin.send(paths.ADD, fields))

    assert 'class="new"' in shown
    assert "The webhook was created." in words(shown)
    assert "First page" in words(shown)
