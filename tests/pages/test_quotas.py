"""Quotas on the pages: the operator sees and sets them, and a refusal says what to do."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic.alias_generators import to_camel

from reseller_webhooks.core.access.permissions import Role
from reseller_webhooks.core.access.quotas import Quota
from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.http.pages import paths
from reseller_webhooks.http.pages.labels.quota_labels import LABELS
from reseller_webhooks.operations import quota_settings, resellers, users, webhooks
from reseller_webhooks.operations.context import AppContext
from reseller_webhooks.store.db.database import Database
from tests.pages.browser_client import Person, a_webhook, words


def limited(context: AppContext, reseller: Reseller, limits: Mapping[Quota, int]) -> None:
    quota_settings.change(context.database, context.quotas.defaults, reseller.uuid, limits)
    context.quotas.refresh()


async def test_the_operator_sees_and_sets_them(
    operator: Person, context: AppContext, northwind: Reseller
) -> None:
    a_webhook(context, northwind)
    assert "1 of 5,000" in words(await operator.see(paths.QUOTAS))

    answer = await operator.send(paths.quotas(northwind.uuid), {"webhooks": "7"})
    page = words(await operator.follow(answer))
    assert "The quotas of Northwind were saved." in page
    assert "Used: 1 of 7. Default: 5,000." in page
    assert "1 of 7 (own)" in words(await operator.see(paths.QUOTAS))
    assert context.quotas.limit(Quota.WEBHOOKS, northwind.id) == 7
    audit = words(await operator.see(paths.AUDIT))
    assert "Quotas changed" in audit

    await operator.send(paths.quotas(northwind.uuid), {"webhooks": ""})
    assert context.quotas.limit(Quota.WEBHOOKS, northwind.id) == 5000


async def test_what_is_no_limit_is_refused_and_stays_typed(
    operator: Person, context: AppContext, northwind: Reseller
) -> None:
    fields = {"webhooks": "0", "tests_per_hour": "12", "stored_bytes": "lots"}
    answer = await operator.send(paths.quotas(northwind.uuid), fields)

    assert answer.status_code == 422
    assert "There are 2 problems" in words(answer.text)
    assert 'value="lots"' in answer.text
    assert 'value="12"' in answer.text
    assert context.quotas.limit(Quota.TESTS_PER_HOUR, northwind.id) == 1000


@pytest.mark.parametrize(
    ("tag", "typed"), [("en", "1,234,567"), ("de", "1.234.567"), ("de", "1234567")]
)
async def test_digits_may_be_grouped_as_the_visitors_language_does(
    operator: Person, context: AppContext, northwind: Reseller, tag: str, typed: str
) -> None:
    operator.client.headers["accept-language"] = tag
    answer = await operator.send(paths.quotas(northwind.uuid), {"stored_bytes": typed})

    assert answer.status_code == 303
    assert context.quotas.limit(Quota.STORED_BYTES, northwind.id) == 1_234_567


@pytest.mark.parametrize("typed", ["1.5", "1,50", "12,34,567", "1.000"])
async def test_misplaced_marks_of_thousands_are_refused(
    operator: Person, northwind: Reseller, typed: str
) -> None:
    answer = await operator.send(paths.quotas(northwind.uuid), {"webhooks": typed})

    assert answer.status_code == 422


async def test_an_admin_sees_none_of_it(admin: Person, northwind: Reseller) -> None:
    assert (await admin.client.get(paths.QUOTAS)).status_code == 403
    assert (await admin.client.get(paths.quotas(northwind.uuid))).status_code == 403


async def test_one_webhook_too_many_is_said_at_the_form(
    admin: Person, context: AppContext, northwind: Reseller
) -> None:
    a_webhook(context, northwind)
    limited(context, northwind, {Quota.WEBHOOKS: 1})
    fields = {"url": "https://b.example/", "resource": "LEAD", "actions": "ADDED", "auth": "NONE"}
    fields |= {"mode": "EVERY_CHANGE", "maxInFlight": "10", "ratePerSecond": ""}

    answer = await admin.send(paths.ADD, fields)

    assert answer.status_code == 429
    said = words(answer.text)
    assert "1 of 1 webhook is in use. Delete a webhook that you no longer need." in said
    assert "ask the operator of this service" in said
    assert "LIMIT_" not in said
    assert 'value="https://b.example/"' in answer.text
    assert "retry-after" not in answer.headers
    assert "aria-invalid" not in answer.text
    assert len(webhooks.page(context.database, northwind.id)) == 1


async def test_an_invite_too_many_is_refused_with_the_wait(
    admin: Person, operator: Person, context: AppContext, northwind: Reseller
) -> None:
    limited(context, northwind, {Quota.INVITES_PER_HOUR: 1})

    answers = [
        await admin.send(paths.INVITES, {"email": f"{name}@acme.example", "role": "viewer"})
        for name in ("ana", "ben")
    ]

    assert [one.status_code for one in answers] == [303, 429]
    assert answers[1].headers["retry-after"] == "3600"
    said = words(answers[1].text)
    assert "1 of 1 invite per hour is used. Try again in 60 minutes." in said
    assert 'value="ben@acme.example"' in answers[1].text
    assert "aria-invalid" not in answers[1].text
    theirs = {"email": "cleo@acme.example", "role": "viewer", "reseller": northwind.uuid}
    assert (await operator.send(paths.INVITES, theirs)).status_code == 303


async def test_tests_and_retries_too_many_are_refused_in_the_visitors_language(
    admin: Person, context: AppContext, northwind: Reseller
) -> None:
    row = a_webhook(context, northwind)
    limited(context, northwind, {Quota.TESTS_PER_HOUR: 1, Quota.RETRIES_PER_HOUR: 1})
    admin.client.headers["accept-language"] = "de"

    for step in ("test", "retry-pending"):
        assert (await admin.send(paths.webhook(row.uuid, step))).status_code in (200, 303)
    test = await admin.send(paths.webhook(row.uuid, "test"))
    retry = await admin.follow(await admin.send(paths.webhook(row.uuid, "retry-pending")))

    assert test.status_code == 429
    for said, what in ((test.text, "Testbenachrichtigung"), (retry, "Wiederholung")):
        assert f"1 von 1 {what} pro Stunde ist verbraucht" in words(said)
        assert "https://crm.example.com/hook" in words(said)


async def test_a_test_too_many_keeps_what_was_typed_into_the_form(
    admin: Person, context: AppContext, northwind: Reseller
) -> None:
    limited(context, northwind, {Quota.TESTS_PER_HOUR: 1})
    fields = {"url": "https://b.example/", "resource": "LEAD", "actions": "ADDED", "auth": "NONE"}
    fields |= {"mode": "EVERY_CHANGE", "maxInFlight": "10", "ratePerSecond": ""}

    answers = [await admin.send(f"{paths.ADD}/test", fields) for _ in range(2)]

    assert [one.status_code for one in answers] == [200, 429]
    assert int(answers[1].headers["retry-after"]) > 0
    assert "The test notification was not sent." in words(answers[1].text)
    assert "1 of 1 test notification per hour is used." in words(answers[1].text)
    assert "It was signed" in words(answers[0].text)
    assert "It was signed" not in words(answers[1].text)
    assert 'value="https://b.example/"' in answers[1].text


async def test_a_change_too_many_keeps_what_was_typed_into_the_form(
    admin: Person, context: AppContext, northwind: Reseller
) -> None:
    row = a_webhook(context, northwind)
    limited(context, northwind, {Quota.WEBHOOK_CHANGES_PER_HOUR: 1})
    await admin.send(paths.webhook(row.uuid, "pause"))
    fields = {"url": "https://b.example/", "resource": "LEAD", "actions": "ADDED", "auth": "NONE"}
    fields |= {"mode": "EVERY_CHANGE", "maxInFlight": "10", "ratePerSecond": ""}

    for path in (paths.ADD, paths.webhook(row.uuid, "edit")):
        refused = await admin.send(path, fields)
        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) > 3000
        assert "1 of 1 webhook change per hour is used" in words(refused.text)
        assert 'value="https://b.example/"' in refused.text
    assert (await admin.send(paths.webhook(row.uuid, "delete"))).status_code == 429


async def test_changes_of_users_are_limited_and_an_operators_are_not(
    admin: Person, operator: Person, context: AppContext, northwind: Reseller
) -> None:
    users.add(context.database, "ana@acme.example", Role.VIEWER, northwind.uuid)
    (uuid,) = [one.uuid for one in users.memberships_of(context.database, "ana@acme.example", None)]
    limited(context, northwind, {Quota.USER_CHANGES_PER_HOUR: 2})

    steps = [await admin.send(f"{paths.USERS}/{uuid}/{step}") for step in ("lock", "unlock")]
    assert [one.status_code for one in steps] == [303, 303]
    for step in ("lock", "link", "remove"):
        refused = await admin.send(f"{paths.USERS}/{uuid}/{step}")
        assert refused.status_code == 429
        assert "2 of 2 user changes per hour are used" in words(refused.text)
    assert (await operator.send(f"{paths.USERS}/{uuid}/lock")).status_code == 303


async def test_stored_bytes_are_shown_in_the_unit_that_they_fill(
    operator: Person, context: AppContext, northwind: Reseller
) -> None:
    limited(context, northwind, {Quota.STORED_BYTES: 1_500_000_000})

    assert "0 B of 1.5 GB (own)" in words(await operator.see(paths.QUOTAS))


async def test_a_raised_limit_is_in_force_for_who_has_used_up_the_one_before(
    admin: Person, operator: Person, context: AppContext, northwind: Reseller
) -> None:
    limited(context, northwind, {Quota.TESTS_PER_HOUR: 1})
    path = paths.webhook(a_webhook(context, northwind).uuid, "test")
    first = [(await admin.send(path)).status_code for _ in range(2)]

    limited(context, northwind, {Quota.TESTS_PER_HOUR: 3})
    shown = words(await operator.see(paths.quotas(northwind.uuid)))
    then = [(await admin.send(path)).status_code for _ in range(3)]

    assert first == [200, 429]
    assert "Used: 1 of 3." in shown
    assert then == [200, 200, 429]


async def test_a_retry_too_many_keeps_the_period_that_was_typed(
    admin: Person, context: AppContext, northwind: Reseller
) -> None:
    limited(context, northwind, {Quota.RETRIES_PER_HOUR: 1})
    path = paths.webhook(a_webhook(context, northwind).uuid, "retry-failed")
    period = {"from": "2020-01-01T00:00", "to": "2020-02-01T00:00"}

    answers = [await admin.send(path, period) for _ in range(2)]
    log = await admin.follow(await admin.send(paths.LOG_RETRY, period))

    assert [one.status_code for one in answers] == [303, 429]
    assert 'value="2020-02-01T00:00"' in answers[1].text
    for said in (answers[1].text, log):
        assert "1 of 1 retry per hour is used. Try again in 60 minutes." in words(said)
        assert 'value="2020-01-01T00:00"' in said


async def test_an_operator_reads_which_setting_a_limit_comes_from(
    operator: Person, context: AppContext, northwind: Reseller
) -> None:
    a_webhook(context, northwind)
    limited(context, northwind, {Quota.WEBHOOKS: 1})
    fields = {"url": "https://b.example/", "resource": "LEAD", "actions": "ADDED", "auth": "NONE"}
    fields |= {"mode": "EVERY_CHANGE", "maxInFlight": "10", "ratePerSecond": ""}

    answer = await operator.send(paths.ADD, fields)

    assert "RESELLER_WEBHOOKS_LIMIT_WEBHOOKS" in words(answer.text)


async def test_resellers_near_a_limit_are_listed_the_nearest_first(
    operator: Person, context: AppContext, northwind: Reseller, database: Database
) -> None:
    far, near = (resellers.add(database, name) for name in ("Far Sales", "Near Sales"))
    for owner, most in ((northwind, 1), (near, 1), (far, 100)):
        a_webhook(context, owner)
        limited(context, owner, {Quota.WEBHOOKS: most})
    a_webhook(context, near, url="https://b.example/")

    shown = words(await operator.see(paths.quota_list(near="yes"))).partition("Used")[2]
    every = await operator.see(paths.QUOTAS)

    assert shown.index("Near Sales") < shown.index("Northwind")
    assert "2 of 1" in shown
    assert "Far Sales" not in shown
    assert "Far Sales" in every
    assert paths.quotas(far.uuid) in await operator.see(paths.RESELLERS)


async def test_the_last_page_of_a_list_can_be_searched_as_well(
    operator: Person, database: Database
) -> None:
    after = resellers.add(database, "Fabrikam").id - 1
    for path in (
        paths.quota_list(after=after),
        paths.resellers(after=after),
        paths.users(after=1_000),
    ):
        assert 'name="search"' in await operator.see(path)


def test_the_docs_list_each_quota_in_its_four_spellings() -> None:
    page = (Path(__file__).parent.parent.parent / "docs" / "operate.md").read_text()

    for quota, label in LABELS.items():
        row = f"| {label} | `{quota.value}` | `{to_camel(quota.value)}` | {quota.setting} |"
        assert row in page


async def test_people_of_a_reseller_see_its_limits_and_their_use(
    admin: Person, viewer: Person, context: AppContext, northwind: Reseller
) -> None:
    a_webhook(context, northwind)
    limited(context, northwind, {Quota.WEBHOOKS: 1})

    for one in (admin, viewer):
        shown = words(await one.see(paths.LIMITS))
        assert "Webhooks 1 of 1 Limit reached" in shown
        assert "LIMIT_" not in shown
