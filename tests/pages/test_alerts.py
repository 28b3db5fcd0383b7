"""When users are told that a webhook fails: their choice, and the link that stops it."""

import re

from reseller_webhooks.core.alerts import DELAY_S
from reseller_webhooks.http.pages import paths
from reseller_webhooks.operations import alerts
from reseller_webhooks.operations.alert_links import stop_token
from reseller_webhooks.operations.context import AppContext
from reseller_webhooks.store.access import memberships
from tests.pages.browser_client import Person, words

SELECTED = re.compile(r'<option value="([^"]*)" selected>')


async def uuid_of(context: AppContext, person: Person) -> str:
    email = re.search(r"[\w-]+@acme.example", await person.see(paths.ACCOUNT))
    with context.database.read() as tx:
        return memberships.by_email(tx, email[0] if email else "")[0].uuid


def delay_of(context: AppContext, uuid: str) -> int | None:
    return alerts.preference_of(context.database, alerts.by_uuid(context.database, uuid)).delay_s


async def test_an_admin_is_told_after_ten_minutes_unless_they_choose_otherwise(
    context: AppContext, admin: Person
) -> None:
    uuid = await uuid_of(context, admin)
    by_default = SELECTED.findall(await admin.see(paths.ACCOUNT))
    page = await admin.follow(await admin.send(paths.ALERTS, {"delay": "3600"}))

    assert by_default == [str(DELAY_S)]
    assert "Your choice was saved." in words(page)
    assert SELECTED.findall(page) == ["3600"]
    assert delay_of(context, uuid) == 3600


async def test_a_viewer_is_told_only_by_choice(context: AppContext, viewer: Person) -> None:
    assert SELECTED.findall(await viewer.see(paths.ACCOUNT)) == ["never"]
    await viewer.send(paths.ALERTS, {"delay": "0"})
    assert delay_of(context, await uuid_of(context, viewer)) == 0


async def test_a_delay_that_is_not_offered_is_refused(context: AppContext, admin: Person) -> None:
    answer = await admin.send(paths.ALERTS, {"delay": "17"})

    assert answer.status_code == 422
    assert delay_of(context, await uuid_of(context, admin)) == DELAY_S


async def test_an_operator_has_no_alerts(operator: Person) -> None:
    assert "E-mail when a webhook fails" not in await operator.see(paths.ACCOUNT)


async def test_the_account_page_says_that_there_is_no_mail_server(admin: Person) -> None:
    assert "this service has no mail server" in words(await admin.see(paths.ACCOUNT))


async def test_a_link_stops_alerts_without_signing_in_and_only_by_its_button(
    context: AppContext, admin: Person, nobody: Person
) -> None:
    uuid = await uuid_of(context, admin)
    link = paths.stop_alerts(stop_token(context.box, uuid))
    opened = words(await nobody.see(link))
    after_opening = delay_of(context, uuid)
    stopped = await nobody.opens(link)

    assert "Stop e-mails about webhooks?" in opened
    assert after_opening == DELAY_S
    assert "You get no more e-mails about webhooks" in words(stopped.text)
    assert delay_of(context, uuid) is None


async def test_a_link_that_was_altered_stops_nothing(
    context: AppContext, admin: Person, nobody: Person
) -> None:
    token = stop_token(context.box, await uuid_of(context, admin))
    for wrong in (token[:-8] + "AAAAAA==", "x", stop_token(context.box, "nobody")):
        answer = await nobody.client.get(paths.stop_alerts(wrong))
        assert answer.status_code == 410
        assert "This link no longer works" in words(answer.text)
    assert delay_of(context, await uuid_of(context, admin)) == DELAY_S
