"""Pages of webhooks whose secrets do not open: they work, and say what to do."""

from dataclasses import replace

import pytest
from cryptography.fernet import Fernet

from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.core.webhooks.webhook import SecretPurpose
from reseller_webhooks.core.webhooks.webhook_row import WebhookRow
from reseller_webhooks.crypto import Box
from reseller_webhooks.http.pages import paths
from reseller_webhooks.http.pages.backfill import RATES
from reseller_webhooks.operations import webhooks
from reseller_webhooks.operations.context import AppContext
from tests.pages.browser_client import OAUTH2, TOKEN, Outside, Person, a_webhook, tell, words

LOST_BOX = Box([Fernet.generate_key().decode()])
BOTH = {SecretPurpose.AUTHENTICATION, SecretPurpose.SIGNING_SECRET}


@pytest.fixture
def lost(context: AppContext, northwind: Reseller) -> WebhookRow:
    row = a_webhook(replace(context, box=LOST_BOX), northwind, auth=TOKEN)
    tell(context, row, count=3)
    return row


def unreadable(context: AppContext, row: WebhookRow) -> set[SecretPurpose]:
    now = webhooks.get(context.database, row.reseller_id, row.uuid)
    return set(webhooks.unreadable(context.box, now, 0))


async def test_the_list_says_which_it_is(
    context: AppContext, northwind: Reseller, lost: WebhookRow, admin: Person
) -> None:
    a_webhook(context, northwind, url="https://well.example.com/hook")
    shown = words(await admin.see(paths.WEBHOOKS))

    assert shown.count("Secrets unreadable") == 1
    assert "3 notifications wait" in shown


async def test_its_page_says_what_to_do(
    context: AppContext, lost: WebhookRow, admin: Person, viewer: Person
) -> None:
    for one in (admin, viewer):
        shown = words(await one.see(paths.webhook(lost.uuid)))

        assert "Secrets of this webhook cannot be read, so nothing is sent for it" in shown
        assert "none is lost" in shown
        assert "rotate it and give the new one to the receiver" in shown
        assert "ask the operator of this service to put the key back" in shown


async def test_it_heals_by_the_form_and_a_rotation(
    context: AppContext, lost: WebhookRow, admin: Person, outside: Outside
) -> None:
    form = words(await admin.see(paths.webhook(lost.uuid, "edit")))
    fields = [("url", lost.url), ("resource", "COMPANY"), ("actions", "ADDED"), ("auth", "TOKEN")]
    fields += [("maxInFlight", "10")]
    edit = paths.webhook(lost.uuid, "edit")
    without = await admin.send(edit, fields)
    saved = await admin.send(edit, [*fields, ("token", "n3w")])
    half = unreadable(context, lost)
    rotated = await admin.send(paths.webhook(lost.uuid, "rotate-secret"))
    shown = words(await admin.see(rotated.headers["location"]))

    assert "enter it again" in form
    assert (without.status_code, saved.status_code) == (422, 303)
    assert "Enter the token that the receiver checks." in words(without.text)
    assert half == {SecretPurpose.SIGNING_SECRET}
    assert unreadable(context, lost) == set()
    assert "The old one could not be read" in shown
    assert "cannot be read, so nothing" not in shown


async def test_no_test_goes_out_with_secrets_that_are_not_there(
    context: AppContext, lost: WebhookRow, admin: Person, outside: Outside
) -> None:
    sent = await admin.send(paths.webhook(lost.uuid, "test"))
    fields = [("url", lost.url), ("resource", "COMPANY"), ("actions", "ADDED"), ("auth", "TOKEN")]
    typed = await admin.send(
        paths.webhook(lost.uuid, "edit/test"), [*fields, ("maxInFlight", "10"), ("token", "n3w")]
    )

    assert (sent.status_code, typed.status_code) == (303, 200)
    assert "a secret made for this test only" in words(typed.text)
    (tried,) = outside.tried
    assert tried.secret.startswith("whsec_")


async def test_everything_else_can_be_done_with_it(
    context: AppContext, northwind: Reseller, admin: Person, operator: Person
) -> None:
    row = a_webhook(replace(context, box=LOST_BOX), northwind, auth=OAUTH2)
    tell(context, row)
    await operator.see(paths.webhook(row.uuid))
    await operator.see(paths.WORKERS)
    await admin.see(paths.LOG)
    answers = [
        await admin.send(paths.webhook(row.uuid, step), {"rate": str(RATES[0])})
        for step in ("pause", "resume", "retry-pending", "backfill", "delete")
    ]

    assert [one.status_code for one in answers] == [303] * 5


async def test_the_operator_sees_whose_it_is(
    context: AppContext, northwind: Reseller, lost: WebhookRow, operator: Person
) -> None:
    shown = words(await operator.see(paths.WORKERS))

    assert "Secrets that cannot be read" in shown
    assert lost.url in shown
    assert "reseller-webhooks check" in shown


async def test_the_key_given_back_heals_without_saving(
    context: AppContext, northwind: Reseller, lost: WebhookRow, admin: Person
) -> None:
    context.box._keys += LOST_BOX._keys
    context.box._by_id |= LOST_BOX._by_id
    shown = words(await admin.see(paths.webhook(lost.uuid)))

    assert "cannot be read" not in shown
    assert "Stored" in shown
