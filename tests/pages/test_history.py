"""The audit log of one reseller, as its admins see it."""

import pytest

from reseller_webhooks.core.access.audit import Act, Actor, ActorKind, Subject
from reseller_webhooks.core.access.permissions import Scope
from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.core.enums import Action
from reseller_webhooks.http.pages import paths
from reseller_webhooks.operations import authentication, webhooks
from reseller_webhooks.operations.context import AppContext
from reseller_webhooks.store.access import audit
from tests.pages.browser_client import Person, a_webhook, words


@pytest.fixture
def changed(context: AppContext, northwind: Reseller) -> str:
    """The id of a webhook of Northwind."""
    return a_webhook(context, northwind, url="https://north.example.com/").uuid


async def test_an_admin_sees_who_changed_a_webhook_and_from_where(
    admin: Person, changed: str
) -> None:
    await admin.send(paths.webhook(changed, "pause"))
    webhook = await admin.see(paths.webhook(changed))
    told = words(await admin.see(paths.history(one=changed)))

    assert paths.history(one=changed) in webhook
    assert "Webhook paused https://north.example.com/" in told
    assert "@acme.example 127.0.0.1" in told


async def test_what_the_operator_did_is_told_without_a_name_or_an_address(
    admin: Person, operator: Person, changed: str
) -> None:
    await operator.send(paths.webhook(changed, "pause"))
    page = await admin.see(paths.history(one=changed))
    email = words(await operator.see(paths.ACCOUNT)).split("@acme.example")[0].split()[-1]

    assert "Webhook paused" in words(page)
    assert "The operator of this service" in words(page)
    assert email not in page
    assert "127.0.0.1" not in page
    assert "No matches" in words(
        await admin.see(paths.history(who=f"{email}@acme.example", one=changed))
    )


@pytest.mark.parametrize(
    ("scope", "shown"), [(Scope.RESELLER, "CRM import"), (Scope.PLATFORM, "The operator of this")]
)
async def test_a_key_is_named_when_it_is_the_resellers_own(
    admin: Person, context: AppContext, northwind: Reseller, changed: str, scope: Scope, shown: str
) -> None:
    whose = northwind.uuid if scope is Scope.RESELLER else None
    made = authentication.add_key(context.database, scope, whose, "CRM import")
    caller = authentication.caller(context.database, made.key)
    by_key = context.database.acting(Actor(ActorKind.KEY, caller.name, "10.9.8.7"))
    webhooks.pause(by_key, northwind.id, changed)
    told = words(await admin.see(paths.history(one=changed)))

    assert shown in told
    assert ("10.9.8.7" in told) == (scope is Scope.RESELLER)


async def test_nobody_sees_what_another_reseller_did(
    admin: Person, context: AppContext, contoso: Reseller, changed: str
) -> None:
    a_webhook(context, contoso, url="https://south.example.com/")
    for path in (paths.HISTORY, paths.history(reseller=contoso.uuid)):
        told = words(await admin.see(path))

        assert "north.example.com" in told
        assert "south.example.com" not in told
        assert "Contoso" not in told


async def test_an_operator_sees_it_as_the_reseller_does(operator: Person, changed: str) -> None:
    assert "north.example.com" in words(await operator.see(paths.HISTORY))


async def test_a_viewer_does_not_see_who_else_does_something(viewer: Person) -> None:
    answer = await viewer.client.get(paths.HISTORY)

    assert answer.status_code == 403
    assert "Only admins may see the audit log; ask one of them." in words(answer.text)
    assert paths.HISTORY not in await viewer.see(paths.WEBHOOKS)


async def test_a_line_about_a_time_after_the_year_9999_is_shown_at_the_end_of_it(
    admin: Person, context: AppContext, northwind: Reseller, changed: str
) -> None:
    subject = Subject(changed, "north", northwind.id)
    with context.database.write() as tx:
        audit.write(tx, Act.WEBHOOK_FAILED_RETRIED, subject, {"from": 1, "to": 10**18})
    told = words(await admin.see(paths.HISTORY))

    assert "to 31 Dec 9999, 23:59:59 UTC" in told


async def test_actions_are_named_and_sorted_as_everywhere_else(
    admin: Person, context: AppContext, northwind: Reseller
) -> None:
    row = a_webhook(context, northwind, actions=frozenset(Action))
    told = words(await admin.see(paths.history(one=row.uuid)))

    assert "Action: Added, Deleted, Changed" in told
