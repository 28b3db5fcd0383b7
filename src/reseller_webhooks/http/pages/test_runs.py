"""Test notifications from the pages."""

from starlette.concurrency import run_in_threadpool

from reseller_webhooks.core.deliveries.attempts import Attempt, Outcome
from reseller_webhooks.core.messages.requests import TOO_MANY_TESTS
from reseller_webhooks.core.webhooks.webhook import Webhook
from reseller_webhooks.http.pages.page import Page
from reseller_webhooks.operations import test_webhook
from reseller_webhooks.operations.test_webhook import TESTS_MAX


async def try_now(page: Page, webhook: Webhook) -> Attempt:
    """Record in the audit log and send a test notification, unless too many are under way.

    QuotaExceeded beyond those of an hour.
    """
    context = page.site.context
    if context.tests.is_reached(page.tenant):
        return Attempt(Outcome.REFUSED, 0, message=TOO_MANY_TESTS(count=TESTS_MAX))
    with context.tests.counting(page.tenant):
        await run_in_threadpool(test_webhook.record_test, page.database, webhook)
        return await context.try_now(webhook)
