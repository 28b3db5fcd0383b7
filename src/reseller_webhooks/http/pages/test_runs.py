"""Test notifications from the pages."""

from starlette.concurrency import run_in_threadpool

from reseller_webhooks.core.deliveries.attempts import Attempt, Outcome
from reseller_webhooks.core.errors import Unavailable
from reseller_webhooks.core.messages.requests import TOO_MANY_TESTS
from reseller_webhooks.core.webhooks.webhook import Webhook
from reseller_webhooks.http.edge.exchange import waiting_for_peer
from reseller_webhooks.http.pages.page import Page
from reseller_webhooks.operations import test_webhook


async def send_test(page: Page, webhook: Webhook) -> Attempt:
    """Record in the audit log and send a test notification, unless too many are under way.

    QuotaExceeded beyond those of an hour.
    """
    context = page.site.context
    try:
        place = context.tests.hold(page.tenant, TOO_MANY_TESTS)
    except Unavailable as error:
        return Attempt(Outcome.REFUSED, 0, message=error.message)
    with place:
        await run_in_threadpool(test_webhook.record_test, page.database, webhook)
        async with waiting_for_peer():
            return await context.send_test(webhook)
