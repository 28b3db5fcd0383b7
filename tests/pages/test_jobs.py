"""The Jobs page: how far background jobs are, who started them, and cancelling one."""

import pytest

from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.core.jobs import UNFINISHED_MAX, JobKind
from reseller_webhooks.core.webhooks.webhook_row import WebhookRow
from reseller_webhooks.http.pages import paths
from reseller_webhooks.http.pages.routes.jobs import ROWS
from reseller_webhooks.operations import backfills, jobs, resellers, webhooks
from reseller_webhooks.operations.context import AppContext
from reseller_webhooks.operations.job_steps import RETRIES_MAX
from tests.pages.browser_client import Person, a_webhook, words
from tests.store.failing import failed_for

MANY = 2 * RETRIES_MAX + 1
SINCE = {"from": "2020-01-01T00:00"}


@pytest.fixture
def row(context: AppContext, northwind: Reseller) -> WebhookRow:
    """A webhook to which many deliveries have failed."""
    made = a_webhook(context, northwind)
    failed_for(context.database, northwind.id, count=MANY)
    return made


def start(context: AppContext, row: WebhookRow) -> str:
    """A job about a webhook that nobody has taken a step of."""
    with context.database.write() as tx:
        made = jobs.start(tx, JobKind.RETRY_PENDING, row.reseller_id, webhook_id=row.id)
    return made.uuid


async def test_what_goes_on_is_told_and_shown(
    context: AppContext, row: WebhookRow, admin: Person
) -> None:
    told = await admin.follow(await admin.send(paths.LOG_RETRY, SINCE))
    shown = await admin.see(paths.JOBS)
    job = jobs.claim(context.database)
    assert job
    jobs.step(context.database, job)
    after = words(await admin.see(paths.JOBS))

    assert "It runs in the background." in words(told)
    assert "Retry of failed notifications All webhooks Running 500 of 501" in words(shown)
    assert 'data-follows="' + paths.JOBS in shown
    assert "Done 501 501 sent again" in after
    assert "Refresh" in words(shown)
    assert "Refresh" not in after


async def test_a_webhooks_page_shows_its_own(
    context: AppContext, row: WebhookRow, admin: Person, viewer: Person
) -> None:
    nothing = words(await admin.see(paths.webhook(row.uuid)))
    fields = SINCE | {"to": "2100-01-01T00:00"}
    await admin.send(paths.webhook(row.uuid, "retry-failed"), fields)
    shown = words(await admin.see(paths.webhook(row.uuid)))

    assert "All jobs of this webhook" not in nothing
    assert "Running 500 of 501" in shown
    assert "Running 500 of 501" in words(await viewer.see(paths.webhook(row.uuid)))
    assert "Background jobs of" in await admin.see(paths.jobs(webhook=row.uuid))


async def test_one_is_cancelled(context: AppContext, row: WebhookRow, admin: Person) -> None:
    uuid = start(context, row)
    before = words(await admin.see(paths.JOBS))
    after = words(await admin.follow(await admin.send(paths.job(uuid, "cancel"))))
    twice = words(await admin.follow(await admin.send(paths.job(uuid, "cancel"))))

    assert "Cancel Retry of pending notifications" in before
    assert "Cancelled 0" in after
    assert "Cancel Retry" not in after
    assert twice == after


async def test_who_started_it_is_shown_to_admins_alone(
    row: WebhookRow, admin: Person, viewer: Person
) -> None:
    await admin.send(paths.LOG_RETRY, SINCE)
    name = words(await admin.see(paths.ACCOUNT)).partition("@acme.example")[0].split()[-1]

    assert f"{name}@acme.example" in (await admin.see(paths.JOBS)).partition("<table")[2]
    assert name not in await viewer.see(paths.JOBS)


async def test_a_viewer_sees_all_and_cancels_none(
    context: AppContext, row: WebhookRow, viewer: Person
) -> None:
    uuid = start(context, row)
    shown = words(await viewer.see(paths.JOBS))

    assert "Retry of pending notifications" in shown
    assert "Cancel" not in shown
    assert (await viewer.send(paths.job(uuid, "cancel"))).status_code == 403


async def test_a_backfill_is_among_them(
    context: AppContext, row: WebhookRow, admin: Person
) -> None:
    backfills.begin(context.database, row.reseller_id, row.uuid)
    shown = words(await admin.see(paths.JOBS))
    await admin.send(paths.job(row.uuid, "cancel"))

    assert "Sending the current state https://crm.example.com/hook Running" in shown
    assert "Cancelled" in words(await admin.see(paths.JOBS))


async def test_with_too_many_nothing_is_started(
    context: AppContext, row: WebhookRow, admin: Person
) -> None:
    for _ in range(UNFINISHED_MAX):
        start(context, row)
    told = words(await admin.follow(await admin.send(paths.LOG_RETRY, SINCE)))

    assert f"Nothing was started. {UNFINISHED_MAX} jobs are not finished" in told


async def test_older_ones_are_on_further_pages(
    context: AppContext, row: WebhookRow, admin: Person
) -> None:
    for _ in range(ROWS + 1):
        uuid = start(context, row)
        jobs.cancel(context.database, uuid, reseller_id=row.reseller_id)
    newest = await admin.see(paths.JOBS)
    older = newest.partition(">Older<")[0].rpartition('href="')[2].partition('"')[0]
    second = await admin.see(older.replace("&amp;", "&"))

    assert newest.count("Retry of pending") == ROWS
    assert second.count("Retry of pending") == 1
    assert "Older" not in words(second)


async def test_another_reseller_has_none(
    context: AppContext, row: WebhookRow, contoso: Reseller, operator: Person
) -> None:
    start(context, row)
    await operator.send(paths.reseller(contoso.uuid))

    assert "No jobs yet" in words(await operator.see(paths.JOBS))


async def test_a_cancelled_job_shows_how_far_it_came(
    context: AppContext, row: WebhookRow, admin: Person
) -> None:
    await admin.send(paths.LOG_RETRY, SINCE)
    job = jobs.page(context.database, row.reseller_id, limit=1)[0].job
    after = words(await admin.follow(await admin.send(paths.job(job.uuid, "cancel"))))

    assert f"Cancelled 500 of {MANY}" in after


async def test_an_operator_sees_and_cancels_jobs_of_all_resellers(
    context: AppContext, row: WebhookRow, operator: Person, admin: Person
) -> None:
    contoso = resellers.add(context.database, "Contoso")
    start(context, a_webhook(context, contoso))
    uuid = start(context, row)
    backfills.begin(
        context.database, contoso.id, webhooks.page(context.database, contoso.id)[0].uuid
    )
    shown = words(await operator.see(paths.OPERATOR_JOBS))
    one = words(await operator.see(paths.operator_jobs(reseller=contoso.uuid)))
    owner = resellers.by_number(context.database, row.reseller_id)
    await operator.send(paths.operator_job(owner.uuid, uuid, "cancel"))
    after = words(await operator.see(paths.operator_jobs(state="unfinished")))

    assert "Retry of pending notifications https://crm.example.com/hook Northwind" in shown
    assert "Sending the current state https://crm.example.com/hook Contoso" in shown
    assert "Northwind Running" not in one
    assert "Northwind Running" not in after
    assert "Contoso Running" in after
    assert (await admin.client.get(paths.OPERATOR_JOBS)).status_code == 403
