"""Test notifications from the pages."""

from starlette.concurrency import run_in_threadpool

from reseller_webhooks.core.attempts import Attempt, Outcome
from reseller_webhooks.core.webhooks import Webhook
from reseller_webhooks.operations import trials
from reseller_webhooks.operations.trials import TESTS_MAX
from reseller_webhooks.web.page import Page

BUSY = f"{TESTS_MAX} test notifications are under way already; wait until one of them has ended"


async def try_now(page: Page, webhook: Webhook) -> Attempt:
    """Record in the audit log and send a test notification, unless too many are under way.

    QuotaExceeded beyond those of an hour.
    """
    house = page.site.house
    if house.tests.is_reached(page.tenant):
        return Attempt(Outcome.REFUSED, 0, detail=BUSY)
    with house.tests.counting(page.tenant):
        await run_in_threadpool(trials.record_test, page.database, webhook)
        return await house.try_now(webhook)
