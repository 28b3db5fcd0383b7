"""Test notifications from the pages: only so many of a reseller at once."""

from starlette.concurrency import run_in_threadpool

from reseller_webhooks.core.attempts import Attempt, Outcome
from reseller_webhooks.core.webhooks import Webhook
from reseller_webhooks.operations import trials
from reseller_webhooks.web.page import Page

AT_ONCE = 3
"""They pass by the webhook's own limits, and each may take as long as the receiver lets it."""
BUSY = f"{AT_ONCE} test notifications are under way already; wait until one of them has ended"


async def try_now(page: Page, webhook: Webhook) -> Attempt:
    """Record in the audit log and send a test notification, unless too many are under way.

    QuotaExceeded beyond those of an hour.
    """
    under_way = page.site.tests
    if under_way[page.tenant] >= AT_ONCE:
        return Attempt(Outcome.REFUSED, 0, detail=BUSY)
    under_way[page.tenant] += 1
    try:
        await run_in_threadpool(trials.record_test, page.database, webhook)
        return await page.site.house.try_now(webhook)
    finally:
        under_way[page.tenant] -= 1
